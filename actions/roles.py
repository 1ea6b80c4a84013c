"""What a role of the desk may grant."""

from recovery.remedies import Authority

# Who is not named grants nothing.
AUTHORITY_OF_ROLE = {
    "agent": Authority.AGENT,
    "supervisor": Authority.SUPERVISOR,
    "manager": Authority.MANAGER,
}
