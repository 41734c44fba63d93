"""A diagnosis as it is read."""

import pytest

from aegis.models.diagnosis import AegisDiagnosis, DiagnosisPhase, Health


def test_a_question_names_its_object() -> None:
    diagnosis = AegisDiagnosis.read({"spec": {"object": {"kind": "PytorchJob", "name": "train", "namespace": "ml"}}})
    assert (diagnosis.spec.object.kind, diagnosis.spec.object.name) == ("PytorchJob", "train")
    assert diagnosis.status.phase is DiagnosisPhase.NONE


def test_an_answer_that_the_go_system_wrote_is_read() -> None:
    status = {
        "phase": "Completed",
        "result": {"status": "UnHealthy", "failures": ["disk"], "infos": []},
        "explain": "The disk is full.",
    }
    diagnosis = AegisDiagnosis.read({"status": status})
    assert diagnosis.status.result is not None
    assert diagnosis.status.result.status is Health.UNHEALTHY
    assert (diagnosis.status.result.failures, diagnosis.status.result.warnings) == (["disk"], [])


@pytest.mark.parametrize("phase", list(DiagnosisPhase))
def test_a_diagnosis_ends_with_an_answer_or_the_reason_why_there_is_none(phase: DiagnosisPhase) -> None:
    assert phase.ended == (phase in {"Completed", "Failed"})
