"""Rows behind the numbers about the data itself."""

from __future__ import annotations

from dataclasses import replace

from dashboards.queries.row_sets.row_set import RowSet, store_day

ROW_SETS = {
    "steps": RowSet(
        "steps seen of those that had to follow",
        "step",
        "marts.instrumentation_coverage",
        "source, step, observed, expected, missing, coverage_rate, first_missing_at",
        by=("source", "step"),
        order="missing desc, source, step",
        number="sum(observed)",
        unit="time",
        whole="sum(expected)",
        whole_noun="steps that had to follow",
    ),
    "missing_steps": RowSet(
        "steps that had to follow and never did",
        "step",
        "marts.missing_steps",
        "order_id, entity_id, source, step, due_at",
        by=("source", "step"),
        order="due_at desc, order_id, entity_id, step",
        day=store_day("due_at"),
    ),
    "refused_of_file": RowSet(
        "lines refused of a landed file",
        "line",
        "marts.rejected_events",
        "landed_file, line_number, reason_code, reason, field, event_name, source, "
        "masked_line, rejected_at, replayed_at",
        by=("landing_id",),
        order="line_number, rejected_id",
    ),
    "rejected": RowSet(
        "refused lines that nobody has replayed",
        "line",
        "marts.rejected_events",
        "landed_file, line_number, reason_code, reason, field, event_name, source, "
        "masked_line, rejected_at",
        where="replayed_at is null",
        by=("reason_code", "landed_file", "source"),
        order="rejected_at desc, landed_file, line_number",
    ),
    "violations": RowSet(
        "events that cannot follow what was known",
        "event",
        "marts.transition_violations",
        "order_id, machine, entity_id, event_name, from_state, reason, source, "
        "occurred_at",
        by=("machine", "event_name", "source", "from_state"),
        order="occurred_at desc, violation_id",
        day=store_day("occurred_at"),
    ),
    "events": RowSet(
        "events of a source",
        "event",
        "marts.events",
        "order_id, event_name, entity_type, entity_id, detail, is_retracted, "
        "occurred_at, observed_at",
        where="source is not null and not starts_with(source, 'warehouse:')",
        by=("source", "event_name"),
        order="observed_at desc, fact_id",
        day=store_day("occurred_at"),
    ),
    "silences": RowSet(
        "hours in which a source said nothing it should have said",
        "hour",
        "marts.missing_events",
        "source, event_name, hour, expected_count, observed_count, window_started_at",
        where="is_silent",
        by=("source", "event_name"),
        order="hour desc, source, event_name",
    ),
    "restatements": RowSet(
        "figures that changed after they were published",
        "figure",
        "metrics.restatements",
        "metric, date, segment_type, segment, old_value, new_value, late_events, "
        "late_event_names, restated_at",
        by=("metric", "segment_type", "segment"),
        order="restated_at desc, metric, date, segment_type, segment",
    ),
    "daily": RowSet(
        "days of a metric",
        "day",
        "metrics.metric_daily",
        "date, metric, segment_type, segment, value, numerator, denominator, coverage, "
        "is_mature",
        by=("metric", "segment_type", "segment"),
        order="date desc, segment_type, segment",
        day="date",
    ),
}

# a metric whose single rows are not published opens to the days that it is a sum of
ROW_SETS["days"] = replace(
    ROW_SETS["daily"],
    title="days of a metric over the whole shop",
    rows="select * from metrics.metric_daily where segment_type = 'all'",
    by=("metric",),
    number="sum(numerator)",
    unit="hit",
    whole="sum(denominator)",
    whole_noun="in all",
)
