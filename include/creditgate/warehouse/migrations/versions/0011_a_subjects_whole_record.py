"""A subject's whole record on a day, for officers: what is held, from whom, under which clause, until when.

With its repairs, rectifications, trainings, credit reports, talks, objections and revocations (S23, S25, S42, S59).
The purpose is one of the five of 山东省社会信用条例第22条, by its code. The marts are bound late.
"""

from creditgate.warehouse.migrations.scripts import run_script

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_PURPOSES = """
create table reference.query_purposes (
    purpose_code text primary key,
    purpose text not null,
    basis text not null default '山东省社会信用条例第22条'
);
insert into reference.query_purposes (purpose_code, purpose) values
    ('P1', '行政许可、行政处罚、行政强制、行政给付等'),
    ('P2', '政府采购、招标投标、资金支持、土地供应、资质评定、科研管理等'),
    ('P3', '国家工作人员招录、晋升'),
    ('P4', '表彰奖励'),
    ('P5', '其他管理事项')
"""

_WHOLE_RECORD = r"""
create function sharing.query_subject_record(
    p_inquirer_name text,
    p_inquirer_unit text,
    p_subject_key text,
    p_purpose_code text,
    p_authorisation_ref text
)
returns table (
    kind text,
    item text,
    record_id uuid,
    event_id uuid,
    decision_number text,
    content text,
    happened_on date,
    status text,
    clause text,
    until_on date,
    provider_code text
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_today date := (now() at time zone 'Asia/Shanghai')::date;
    v_key text := sharing.trim_blanks(p_subject_key);
    v_missing text := concat_ws(', ',
        case when sharing.trim_blanks(p_inquirer_name) is null then 'p_inquirer_name' end,
        case when sharing.trim_blanks(p_inquirer_unit) is null then 'p_inquirer_unit' end,
        case when v_key is null then 'p_subject_key' end,
        case when sharing.trim_blanks(p_purpose_code) is null then 'p_purpose_code' end,
        case when sharing.trim_blanks(p_authorisation_ref) is null then 'p_authorisation_ref' end);
    v_purpose text;
    v_lines bigint;
begin
    if v_missing <> '' then
        raise exception 'an authorised query states who asks, about whom, why and by what authority; blank: %', v_missing
            using errcode = 'invalid_parameter_value', hint = 'give every parameter (S23, S25)';
    end if;
    if sharing.is_identity_number(v_key) then
        raise exception 'p_subject_key is an identity number in clear'
            using errcode = 'invalid_parameter_value',
            hint = 'give the keyed hash of the number, or the credit code of an organisation';
    end if;
    select p.purpose into v_purpose
    from reference.query_purposes as p
    where p.purpose_code = sharing.trim_blanks(p_purpose_code);
    if v_purpose is null then
        raise exception 'p_purpose_code is not a purpose that the law allows'
            using errcode = 'invalid_parameter_value', hint = 'give P1 to P5 (reference.query_purposes, S23)';
    end if;
    if to_regclass('marts.fct_authorised_query') is null or to_regclass('rights.fct_repairs') is null then
        raise exception 'the marts have not been built yet'
            using errcode = 'object_not_in_prerequisite_state', hint = 'run the DAG build_marts (or `creditgate run`) first';
    end if;
    drop table if exists pg_temp.whole_record;
    create temporary table whole_record on commit drop as
    select 'record' as kind, q.item, q.record_id, null::uuid as event_id, q.decision_number, q.summary as content,
        q.decided_on as happened_on, case when q.is_under_objection then 'under_objection' else 'in_force' end as status,
        t.winner_clause as clause, q.last_disclosure_on as until_on, q.provider_code
    from marts.fct_authorised_query as q
    left join intermediate.int_record_terms as t on t.record_id = q.record_id
    where q.subject_key = v_key and (q.last_disclosure_on is null or q.last_disclosure_on >= v_today)
    union all
    select 'repair', e.item, e.record_id, e.event_id, e.decision_number, e.repair_number, e.repaired_on,
        concat_ws(': ', e.status, nullif(array_to_string(e.reasons, ', '), '')), 'S47, S51, S53', e.last_disclosure_on,
        e.provider_code
    from rights.fct_repairs as e where e.subject_key = v_key
    union all
    select 'objection', e.item, e.record_id, e.event_id, e.decision_number, e.ground, e.raised_on,
        concat_ws(': ', e.status, nullif(array_to_string(e.reasons, ', '), '')), 'S60, S62', e.last_disclosure_on,
        e.provider_code
    from rights.fct_objections as e where e.subject_key = v_key
    union all
    select 'revocation', e.item, e.record_id, e.event_id, e.decision_number, e.revocation_number, e.revoked_on,
        concat_ws(': ', e.status, nullif(array_to_string(e.reasons, ', '), '')), 'S67, S69', e.last_disclosure_on,
        e.provider_code
    from rights.fct_revocations as e where e.subject_key = v_key
    union all
    select 'talk', e.item, e.record_id, e.event_id, e.decision_number, e.talk_kind, e.talked_on,
        concat_ws(': ', e.status, nullif(array_to_string(e.reasons, ', '), '')), 'S41, S42', e.last_disclosure_on,
        e.provider_code
    from rights.fct_talks as e where e.subject_key = v_key
    union all
    select 'rectification', e.item, e.record_id, e.event_id, e.decision_number, e.rectification_number, e.ordered_on,
        concat_ws(': ', e.status, nullif(array_to_string(e.reasons, ', '), '')), 'S39', e.last_disclosure_on,
        e.provider_code
    from rights.fct_rectifications as e where e.subject_key = v_key
    union all
    select 'training', null, null, e.event_id, null, concat_ws('；', e.channel, trim_scale(e.class_hours) || '学时'),
        e.trained_on, 'held', 'S53, S59', null, e.provider_code
    from rights.fct_trainings as e where e.subject_key = v_key
    union all
    select 'credit_report', null, null, e.event_id, null, e.agency_name, e.issued_on, 'handed_in', 'S53', null,
        e.provider_code
    from rights.fct_credit_reports as e where e.subject_key = v_key;
    get diagnostics v_lines = row_count;
    insert into audit.query_log (inquirer_name, inquirer_unit, content, purpose, authorisation_ref)
    values (
        sharing.trim_blanks(p_inquirer_name),
        sharing.trim_blanks(p_inquirer_unit),
        format('whole record of subject %s: %s lines', v_key, v_lines),
        sharing.trim_blanks(p_purpose_code) || ' ' || v_purpose,
        sharing.trim_blanks(p_authorisation_ref)
    );
    return query
    select
        w.kind, w.item, w.record_id, w.event_id, w.decision_number, w.content, w.happened_on, w.status, w.clause,
        w.until_on, w.provider_code
    from pg_temp.whole_record as w
    order by w.happened_on desc nulls last, w.kind, w.record_id, w.event_id;
end
$$
"""


def upgrade() -> None:
    """Make the function, closed to everybody until roles are granted."""
    run_script(_PURPOSES)
    run_script(_WHOLE_RECORD)
    run_script(
        "revoke all on function sharing.query_subject_record(text, text, text, text, text) from public"
    )


def downgrade() -> None:
    """There is no way back: restore a backup."""
    raise NotImplementedError
