"""What the machine offers."""

from service.runtime import Runtime, usable_cpus


def test_at_least_one_core_is_usable() -> None:
    assert usable_cpus() >= 1


def test_every_runtime_has_the_cpu(runtime: Runtime) -> None:
    assert "CPUExecutionProvider" in runtime.providers()
