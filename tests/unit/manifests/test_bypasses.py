"""Every field by which a workflow could come by an account or a Secret is held by something."""

from tests.bypasses import HELD, powerful_fields


def test_every_field_of_argos_that_gives_power_is_held() -> None:
    assert powerful_fields() == set(HELD)
