from schemas import variables


def test_every_variable_is_explained():
    explained = variables.explain()

    assert [variable.name for variable in explained] == [
        "TELNYX_PUBLIC_KEY",
        "TELNYX_API_KEY",
        "TELNYX_BASE_URL",
        "DATABASE_URL",
        "REDIS_URL",
        "RESCIND_POLICIES",
        "RESCIND_API_TOKEN",
        "RESCIND_SPOOL",
        "RESCIND_SPOOL_MAX_EVENTS",
        "RESCIND_SPOOL_MAX_MB",
        "RESCIND_HANDOVER_URL",
        "RESCIND_HANDOVER_SECRET",
        "RESCIND_TOLERANCE",
        "RESCIND_CANCEL_RATE",
        "RESCIND_PASSTHROUGH_ON_FAILURE",
        "RESCIND_PASSTHROUGH_KEYS",
        "RESCIND_RECONCILE_MINUTES",
        "FAILPOINT",
    ]
    assert {variable.name for variable in explained if not variable.is_shown} == {
        "TELNYX_PUBLIC_KEY",
        "TELNYX_API_KEY",
        "DATABASE_URL",
        "REDIS_URL",
        "RESCIND_API_TOKEN",
        "RESCIND_HANDOVER_SECRET",
        "RESCIND_PASSTHROUGH_KEYS",
    }
    assert all(variable.meaning for variable in explained)
