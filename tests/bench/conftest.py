"""Benchmarks and soaks run against real services, like the end-to-end tests."""

from tests.e2e.conftest import model, own_service, scene_on_wechat, service

__all__ = ["model", "own_service", "scene_on_wechat", "service"]
