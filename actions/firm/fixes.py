"""``fixes.yml``: how fast customers are told of a fix that their complaint led to."""

from datetime import timedelta

from pydantic import BaseModel, ConfigDict, Field

from actions.firm.models import Span


class FixesFile(BaseModel):
    """``fixes.yml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    per_minute: int = Field(30, ge=1, le=600)
    patience: Span = timedelta(days=14)
