"""Service records in any number, made by the database itself: what reports are measured on."""

from benchmarks import served
from timebank.settings import Settings

PEOPLE = 20_000
ORGANISATIONS = 300
ACTIVITIES = 2_000
SHIFT = 12
"""People of one shift: their records are of one day, place and activity."""
DAYS = 1_460

_PLACES = f"""
INSERT INTO area (id, parent_id, name, path, level) VALUES ('00000000-0000-7000-8000-00000000a000', NULL, '海宁市', '0573', 1);
INSERT INTO area (id, parent_id, name, path, level)
  SELECT CAST(lpad(to_hex(40960 + n), 32, '0') AS uuid), '00000000-0000-7000-8000-00000000a000', '街道' || n, '0573.' || n, 2
  FROM generate_series(1, 12) n;
INSERT INTO organisation (id, name, kind, area_id, hub_id, created_at)
  SELECT CAST(lpad(to_hex(65536 + n), 32, '0') AS uuid), '志愿服务队' || n, 'registered',
         CAST(lpad(to_hex(40961 + n % 12), 32, '0') AS uuid), NULL, now()
  FROM generate_series(0, {ORGANISATIONS - 1}) n;
INSERT INTO identity_person (id, volunteer_no, member_ref, display_name, state, created_at)
  SELECT CAST(lpad(to_hex(16777216 + n), 32, '0') AS uuid), CAST(1000000000 + n AS text), lpad(to_hex(n), 8, '0'),
         '王秀英', 'active', now()
  FROM generate_series(0, {PEOPLE - 1}) n;
INSERT INTO activity (id, organisation_id, area_id, name, category, content, version, created_by, created_at, risky)
  SELECT CAST(lpad(to_hex(1048576 + n), 32, '0') AS uuid), CAST(lpad(to_hex(65536 + n % {ORGANISATIONS}), 32, '0') AS uuid),
         CAST(lpad(to_hex(40961 + n % {ORGANISATIONS} % 12), 32, '0') AS uuid), '社区食堂帮厨' || n, 'elder_care', '备餐、送餐。', 1,
         '00000000-0000-0000-0000-000000000000', now(), false
  FROM generate_series(0, {ACTIVITIES - 1}) n
"""

_RECORDS = f"""
INSERT INTO service_record (id, volunteer_id, source_type, source_id, created_at)
  SELECT CAST('1' || lpad(to_hex(n), 31, '0') AS uuid), CAST(lpad(to_hex(16777216 + n % {PEOPLE}), 32, '0') AS uuid), 'import',
         CAST('2' || lpad(to_hex(n), 31, '0') AS uuid), now()
  FROM generate_series(CAST(<first> AS bigint), <last>) n;
INSERT INTO service_record_revision (id, record_id, number, volunteer_id, state, provenance, flags, raw_minutes,
    service_minutes, credited_minutes, expected_minutes, served_on, started_at, ended_at, activity_id, activity_name,
    content, organisation_id, organisation_name, area_id, area_path, shift_id, place, leader_id, policy_number, actor_id,
    reason, recorded_at)
  SELECT CAST('3' || lpad(to_hex(n), 31, '0') AS uuid), CAST('1' || lpad(to_hex(n), 31, '0') AS uuid), 1,
         CAST(lpad(to_hex(16777216 + n % {PEOPLE}), 32, '0') AS uuid), 'final',
         (ARRAY['self_scan', 'self_scan', 'staff_scan', 'supplement'])[1 + n / {SHIFT} % 4], '', 120, 120, 120, 120,
         DATE '2023-01-01' + CAST(n / {SHIFT} % {DAYS} AS int), at, at + interval '2 hours',
         CAST(lpad(to_hex(1048576 + activity), 32, '0') AS uuid), '社区食堂帮厨' || activity, '备餐、送餐。',
         CAST(lpad(to_hex(65536 + activity % {ORGANISATIONS}), 32, '0') AS uuid), '志愿服务队' || activity % {ORGANISATIONS},
         CAST(lpad(to_hex(40961 + activity % {ORGANISATIONS} % 12), 32, '0') AS uuid),
         '0573.' || 1 + activity % {ORGANISATIONS} % 12, NULL, '邻里中心' || activity % 500, NULL, 0,
         '00000000-0000-0000-0000-000000000000', NULL, at + interval '2 hours'
  FROM generate_series(CAST(<first> AS bigint), <last>) n,
       LATERAL (SELECT (n / {SHIFT} * 7919) % {ACTIVITIES} AS activity,
                       TIMESTAMPTZ '2023-01-01 01:00+00' + interval '1 day' * (n / {SHIFT} % {DAYS})
                         + interval '1 second' * (n * 7919 % 1800) AS at) made
"""


def places(settings: Settings) -> None:
    """Make people, organisations and activities."""
    served.as_owner(settings, *_statements(_PLACES))


def records(settings: Settings, first: int, last: int) -> None:
    """Make the records with these numbers, both included, and look at them as autovacuum would."""
    made = _RECORDS.replace("<first>", str(first)).replace("<last>", str(last))
    served.as_owner(settings, *_statements(made), "ANALYZE")


def _statements(script: str) -> list[str]:
    return [statement.replace("%", "%%") for statement in script.split(";\n")]
