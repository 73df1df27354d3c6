"""Checks of Segue's API with Kestra's official Python client. See README.md.

    python checks.py URL VERSION
"""

import csv
import io
import os
import sys
import time
import traceback
import uuid
from datetime import datetime, timedelta, timezone

from kestrapy import (
    ChartFiltersOverrides,
    Configuration,
    DashboardControllerPreviewRequest,
    KestraClient,
    QueryFilter,
)
from kestrapy.exceptions import ApiException
from kestrapy.models.query_filter_field import QueryFilterField as Field
from kestrapy.models.query_filter_op import QueryFilterOp as Op

TENANT = "main"
CHECKS = []


def check(function=None, since=1):
    """Adds a check. `since` is the first version of the client that has the methods."""

    def add(function):
        CHECKS.append((function, since))
        return function

    return add(function) if function else add


class Bench:
    """What a check works with: the client, and flows in a namespace of their own."""

    def __init__(self, url, version):
        user, password = os.environ["SEGUE_AUTH"].split(":")
        self.version = version
        self.client = KestraClient(Configuration(host=url, username=user, password=password))
        self.namespace = "clients." + uuid.uuid4().hex[:8]

    def deploy(self, flow_id, tasks, head=""):
        source = f"id: {flow_id}\nnamespace: {self.namespace}\n{head}tasks:\n{tasks}"
        return self.client.flows.create_flow(TENANT, source)

    def run(self, flow_id, state="SUCCESS", **options):
        made = self.client.executions.create_execution(TENANT, self.namespace, flow_id, **options)
        return self.until(made.id, state)

    def until(self, execution, state, seconds=60):
        deadline = time.monotonic() + seconds
        while True:
            found = self.client.executions.execution(execution, TENANT)
            if found.state.current == state:
                return found
            assert time.monotonic() < deadline, f"{found.state.current} instead of {state}"
            time.sleep(0.05)

    def only(self):
        """The filter on the namespace of the check."""
        return where(Field.NAMESPACE, self.namespace)


def where(field, value, op=Op.EQUALS):
    # The client for 1.x takes every value for an object, and sends what is in it.
    is_old = "Dict" in str(QueryFilter.model_fields["value"].annotation)
    return QueryFilter(field=field, operation=op, value={"value": value} if is_old else value)


def refused(code, call, *names):
    """Asserts that a call is refused with a code, and with a message that has the names."""
    try:
        call()
    except ApiException as error:
        assert error.status == code, f"{error.status}: {error.body}"
        for name in names:
            assert name in error.body, error.body
        return
    raise AssertionError(f"{code} was expected")


SAY = "- id: say\n  type: io.kestra.plugin.core.log.Log\n  message: hello\n"
GIVE = "- id: give\n  type: io.kestra.plugin.core.debug.Return\n  format: hello\n"
FAIL = "- id: fail\n  type: io.kestra.plugin.core.execution.Fail\n"
PAUSE = "- id: wait\n  type: io.kestra.plugin.core.flow.Pause\n"
OUTPUTS = "outputs:\n- id: word\n  type: STRING\n  value: '{{ outputs.give.value }}'\n"
SCHEDULE = "triggers:\n- id: daily\n  type: io.kestra.plugin.core.trigger.Schedule\n  cron: 0 3 * * *\n"


@check
def flows_are_saved_found_and_deleted(bench):
    flows = bench.client.flows
    made = bench.deploy("hello", SAY)
    assert made.revision == 1 and made.deleted is False
    flows.update_flow(bench.namespace, "hello", TENANT, f"id: hello\nnamespace: {bench.namespace}\ntasks:\n{GIVE}")
    assert [flow.revision for flow in flows.list_flow_revisions(bench.namespace, "hello", TENANT)] == [1, 2]
    found = flows.search_flows(TENANT, filters=[bench.only()])
    assert found.total == 1 and found.results[0].id == "hello"
    flows.delete_flow(bench.namespace, "hello", TENANT)
    left = flows.list_flow_revisions(bench.namespace, "hello", TENANT)
    assert all(not flow.deleted for flow in left)
    every = flows.list_flow_revisions(bench.namespace, "hello", TENANT, allow_delete=True)
    assert every[-1].deleted is True and len(every) == len(left) + 1


@check
def old_revisions_are_deleted(bench):
    flows = bench.client.flows
    bench.deploy("hello", SAY)
    flows.update_flow(bench.namespace, "hello", TENANT, f"id: hello\nnamespace: {bench.namespace}\ntasks:\n{GIVE}")
    flows.delete_revisions(bench.namespace, "hello", TENANT, [1])
    assert [flow.revision for flow in flows.list_flow_revisions(bench.namespace, "hello", TENANT)] == [2]
    refused(409, lambda: flows.delete_revisions(bench.namespace, "hello", TENANT, [2]), "latest")


@check
def executions_with_a_permit_are_counted(bench):
    flows = bench.client.flows
    bench.deploy("limited", PAUSE, "concurrency:\n  limit: 1\n")
    bench.run("limited", "PAUSED")
    found = [limit for limit in flows.search_concurrency_limits(TENANT).results if limit.namespace == bench.namespace]
    assert [(limit.flow_id, limit.running) for limit in found] == [("limited", 1)]
    assert flows.update_concurrency_limit(bench.namespace, "limited", TENANT, found[0]).running == 1
    found[0].running = 0
    refused(422, lambda: flows.update_concurrency_limit(bench.namespace, "limited", TENANT, found[0]), "permit")


@check
def revisions_of_files_are_listed(bench):
    files = bench.client.files
    files.create_namespace_file(bench.namespace, "/a.txt", TENANT, b"hello")
    assert [one.revision for one in files.file_revisions(bench.namespace, TENANT, "/a.txt")] == [1]
    refused(404, lambda: files.file_revisions(bench.namespace, TENANT, "/none.txt"))


@check(since=2)
def the_package_kestra_reads_the_context_of_a_script(bench):
    script = "- id: read\n  type: io.kestra.plugin.scripts.python.Script\n  dependencies: [kestra==2.0.0]\n"
    script += "  taskRunner:\n    type: io.kestra.plugin.core.runner.Process\n  executionContext: true\n  script: |\n"
    for line in (
        "import kestra",
        "from kestra import context",
        "assert 'site-packages' in kestra.__file__, kestra.__file__",
        "assert context.outputs.give.value == 'hello' and context.labels.team == 'data', context",
        "assert context.flow.id == 'script' and 'envs' not in context, context",
    ):
        script += f"    {line}\n"
    bench.deploy("script", GIVE + script, "labels:\n  team: data\n")
    made = bench.client.executions.create_execution(TENANT, bench.namespace, "script")
    # The package is installed once for each user of the machine.
    bench.until(made.id, "SUCCESS", seconds=300)


@check(since=2)
def executions_stop_at_breakpoints_and_keep_their_kind(bench):
    bench.deploy("two", SAY + GIVE)
    executions = bench.client.executions
    held = bench.run("two", "BREAKPOINT", breakpoints="give", kind="TEST")
    assert [run.task_id for run in held.task_run_list if run.state.current == "SUCCESS"] == ["say"]
    filters = [bench.only(), where(Field.KIND, "TEST")]
    assert [one["id"] for one in executions.search_executions(TENANT, filters=filters)["results"]] == [held.id]
    executions.resume_execution_from_breakpoint(held.id, TENANT)
    bench.until(held.id, "SUCCESS")
    metrics = bench.client.metrics.execution_metrics(held.id, TENANT)["results"]
    assert {(metric["name"], metric["type"]) for metric in metrics} == {("length", "counter"), ("duration", "timer")}


@check
def missing_flows_are_deleted_whatever_override_says(bench):
    bench.deploy("first", SAY)
    bench.deploy("second", SAY)
    body = f"id: first\nnamespace: {bench.namespace}\ntasks:\n{SAY}"
    bench.client.flows.update_flows_in_namespace(bench.namespace, TENANT, body, delete=True, override=False)
    left = bench.client.flows.list_flows_by_namespace(bench.namespace, TENANT)
    assert [flow.id for flow in left] == ["first"]


@check
def a_source_of_another_revision_is_outdated(bench):
    bench.deploy("hello", SAY)
    source = f"id: hello\nnamespace: {bench.namespace}\nrevision: {{}}\ntasks:\n{SAY}"
    outdated = [bench.client.flows.validate_flows(TENANT, source.format(number))[0].outdated for number in (1, 2)]
    assert outdated == [True, False]


@check
def older_names_of_types_are_listed(bench):
    bench.deploy("old", "- id: say\n  type: io.kestra.core.tasks.log.Log\n  message: x\n")
    bench.deploy("new", SAY)
    found = bench.client.flows.list_deprecated(TENANT, namespace=bench.namespace)
    assert [flow["flowId"] for flow in found] == ["old"]
    assert found[0]["deprecatedTasks"][0]["replacement"] == "io.kestra.plugin.core.log.Log"


@check
def executions_are_found_and_sorted(bench):
    bench.deploy("good", SAY)
    bench.deploy("bad", FAIL)
    good, bad = bench.run("good"), bench.run("bad", "FAILED")
    search = bench.client.executions.search_executions
    found = search(TENANT, filters=[bench.only()], sort=["flowId:asc"])
    assert [one["id"] for one in found["results"]] == [bad.id, good.id]
    found = search(TENANT, filters=[bench.only(), where(Field.STATE, ["FAILED"], Op.IN)])
    assert [one["id"] for one in found["results"]] == [bad.id] and found["total"] == 1
    refused(422, lambda: search(TENANT, filters=[where(Field.WORKER_ID, "x")]), "workerId")


@check
def the_newest_executions_of_flows_are_listed(bench):
    bench.deploy("good", SAY)
    bench.run("good")
    last = bench.run("good")
    flows = [{"namespace": bench.namespace, "id": "good"}, {"namespace": bench.namespace, "id": "none"}]
    found = bench.client.executions.latest_executions(TENANT, flows)
    assert [(one.id, one.status, one.flow_id) for one in found] == [(last.id, "SUCCESS", "good")]


@check
def an_execution_is_paused_resumed_and_killed(bench):
    bench.deploy("pausing", PAUSE + SAY)
    executions = bench.client.executions
    first = bench.run("pausing", "PAUSED")
    answer = executions.resume_execution(first.id, TENANT)
    if bench.version == 2:
        assert answer.id == first.id
    bench.until(first.id, "SUCCESS")
    second = bench.run("pausing", "PAUSED")
    answer = executions.kill_execution(second.id, TENANT)
    if bench.version == 2:
        assert answer.id == second.id
    bench.until(second.id, "KILLED")


@check
def an_execution_is_restarted_and_replayed(bench):
    bench.deploy("bad", FAIL)
    executions = bench.client.executions
    failed = bench.run("bad", "FAILED")
    assert executions.restart_execution(failed.id, TENANT).id == failed.id
    bench.until(failed.id, "FAILED")
    again = executions.replay_execution(failed.id, TENANT)
    assert again.id != failed.id and again.original_id == failed.id
    changed = executions.update_execution_status(failed.id, "WARNING", TENANT)
    assert changed.state.current == "WARNING"
    refused(409, lambda: executions.pause_execution(failed.id, TENANT))


@check
def expressions_are_evaluated(bench):
    bench.deploy("good", SAY)
    done = bench.run("good")
    answer = bench.client.executions.eval_expression(done.id, TENANT, "{{ flow.id }}")
    assert answer["result"] == "good"


@check
def the_states_of_depending_executions_are_streamed(bench):
    bench.deploy("below", SAY)
    call = "- id: call\n  type: io.kestra.plugin.core.flow.Subflow\n  wait: true\n  flowId: below\n"
    bench.deploy("above", call + f"  namespace: {bench.namespace}\n")
    done = bench.run("above")
    events = list(bench.client.executions.follow_dependencies_execution(done.id, TENANT, expand_all=True))
    assert {event.flow_id for event in events} == {"above", "below"}
    assert events[-1].execution_id == done.id and events[-1].state.current == "SUCCESS"


@check(since=2)
def outputs_are_read(bench):
    bench.deploy("giving", GIVE, OUTPUTS)
    done = bench.run("giving")
    outputs = bench.client.outputs
    assert outputs.execution_outputs(done.id, TENANT) == {"word": "hello"}
    tasks = outputs.task_outputs_information(done.id, TENANT)
    assert [task.task_id for task in tasks] == ["give"]
    assert outputs.task_run_outputs(done.id, tasks[0].task_run_id, TENANT) == {"value": "hello"}


@check(since=2)
def groups_of_filters_are_understood(bench):
    from kestrapy.query import and_, eq, or_
    from kestrapy.query import where as group

    for name in ("first", "second", "third"):
        bench.deploy(name, SAY)
    either = or_(eq(Field.FLOW_ID, "first"), eq(Field.FLOW_ID, "third"))
    filters = group(and_(eq(Field.NAMESPACE, bench.namespace), either))
    found = bench.client.flows.search_flows(TENANT, filters=filters)
    assert sorted(flow.id for flow in found.results) == ["first", "third"]
    bench.run("first")
    bench.run("second")
    found = bench.client.executions.search_executions(TENANT, filters=filters)
    assert [one["flowId"] for one in found["results"]] == ["first"]


@check(since=2)
def flows_are_no_drafts(bench):
    assert bench.deploy("hello", SAY).draft is False
    flow = {"id": "draft", "namespace": bench.namespace, "tasks": [{"id": "a", "type": "x"}]}
    refused(422, lambda: bench.client.flows.create_flow_from_object(TENANT, flow, draft=True), "draft")


@check(since=2)
def sources_are_searched_and_replaced(bench):
    bench.deploy("hello", SAY)
    flows = bench.client.flows
    found = flows.search_flows_by_source_code(TENANT, q="message: HELLO", namespace=bench.namespace)
    assert [(hit.id, hit.matches[0].line) for hit in found.results] == [("hello", 6)]
    body = {"query": "hello", "replacement": "welcome", "namespace": bench.namespace, "scope": "TASKS"}
    assert flows.preview_replace_by_source_code(TENANT, body)["totalMatches"] == 1
    body = {"query": "message: hello", "replacement": "message: welcome"}
    body["flows"] = [{"namespace": bench.namespace, "id": "hello"}]
    assert flows.apply_replace_by_source_code(TENANT, body)["updated"][0]["revision"] == 2


@check(since=2)
def expressions_of_a_flow_are_listed(bench):
    source = f"id: a\nnamespace: {bench.namespace}\ntasks:\n{GIVE}{SAY}"
    known = bench.client.flows.expressions(TENANT, source, task_id="say")["categories"]
    assert known["taskOutputs"] == ["outputs.give"]


@check(since=2)
def tables_are_exported(bench):
    bench.deploy("hello", SAY)
    done = bench.run("hello")
    text = bench.client.executions.export_executions_by_query_to_csv(TENANT, filters=[bench.only()])
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["id"], row["state"]) for row in rows] == [(done.id, "SUCCESS")]
    text = bench.client.flows.export_flows_by_query_csv(TENANT, filters=[bench.only()])
    assert [row["id"] for row in csv.DictReader(io.StringIO(text))] == ["hello"]


@check(since=2)
def numbers_about_executions_are_answered(bench):
    bench.deploy("hello", SAY)
    bench.run("hello")
    executions = bench.client.executions
    names = executions.find_distinct_execution_field_values(TENANT, "FLOW_ID", filters=[bench.only()])
    assert names == ["hello"]
    assert executions.execution_average_duration(bench.namespace, "hello", TENANT)["count"] == 1


@check
def keys_are_filtered(bench):
    kv = bench.client.kv
    for namespace, key in ((bench.namespace, "mine"), (bench.namespace + ".below", "other")):
        kv.set_key_value(namespace, key, TENANT, "1")
    found = kv.list_all_keys(TENANT, filters=[bench.only()])
    assert [entry.key for entry in found.results] == ["mine"] and found.total == 1
    filters = [where(Field.NAMESPACE, bench.namespace, Op.PREFIX), where(Field.QUERY, "OTH")]
    assert [entry.key for entry in kv.list_all_keys(TENANT, filters=filters).results] == ["other"]
    refused(422, lambda: kv.list_all_keys(TENANT, filters=[where(Field.STATE, "x")]), "state")


@check
def lines_of_logs_are_filtered(bench):
    bench.deploy("hello", SAY)
    first = bench.run("hello")
    bench.run("hello")
    found = bench.client.logs.search_logs(TENANT, filters=[where(Field.EXECUTION_ID, first.id)], size=100)
    assert found.total > 0 and {line.execution_id for line in found.results} == {first.id}
    if bench.version == 2:
        assert found.type == "OFFSET"
        filters = [where(Field.EXECUTION_ID, first.id), where(Field.TASK_ID, "say")]
        assert bench.client.logs.search_logs(TENANT, filters=filters).total == 1


@check
def triggers_are_exported_and_their_states_kept(bench):
    bench.deploy("timed", SAY, SCHEDULE)
    triggers = bench.client.triggers
    key = {"namespace": bench.namespace, "flowId": "timed", "triggerId": "daily"}
    rows = list(csv.DictReader(io.StringIO(triggers.export_triggers(TENANT, filters=[bench.only()]))))
    assert [row["triggerId"] for row in rows] == ["daily"]
    assert triggers.delete_triggers_by_ids(TENANT, [key])["count"] == 0
    assert triggers.search_triggers(TENANT, filters=[bench.only()])["total"] == 1


@check(since=2)
def triggers_are_switched_and_filled_in(bench):
    bench.deploy("timed", SAY, SCHEDULE)
    triggers = bench.client.triggers
    key = {"namespace": bench.namespace, "flowId": "timed", "triggerId": "daily"}
    assert triggers.disable_trigger_by_id(TENANT, {**key, "disabled": True})["disabled"] is True
    assert triggers.disable_trigger_by_id(TENANT, {**key, "disabled": False})["disabled"] is False
    period = {"start": "2024-01-01T00:00:00Z", "end": "2024-01-02T00:00:00Z"}
    assert triggers.create_backfill(TENANT, {**key, "backfill": period})["triggerId"] == "daily"


@check
def names_of_namespaces_and_secrets_are_listed(bench):
    bench.deploy("hello", SAY)
    namespaces = bench.client.namespaces
    assert namespaces.autocomplete_namespaces(TENANT, {"q": bench.namespace}) == [bench.namespace]
    secrets = namespaces.list_secrets(TENANT, filters=[where(Field.QUERY, "clients")])
    assert secrets.read_only is False and secrets.results[0].key == "CLIENTS"
    inherited = namespaces.inherited_secrets(bench.namespace, TENANT)
    assert "CLIENTS" in inherited["clients"]


@check(since=2)
def types_are_described(bench):
    plugins = bench.client.plugins
    log = "io.kestra.plugin.core.log.Log"
    assert plugins.plugin_icon(log)["icon"] == plugins.plugin_icons()[log]
    assert plugins.plugin_icon_svg(log).startswith("<svg")
    assert plugins.plugin_versions(log)["type"] == log
    assert "validator" in plugins.plugin_input_schema("STRING")["schema"]["properties"]["properties"]
    assert "tasks" in plugins.plugin_properties("FLOW")
    assert any(group.get("subGroup") for group in plugins.list_plugins_by_subgroups())
    assert any(trigger["name"] == "Schedule" for trigger in plugins.plugin_triggers())
    missing = plugins.detect_missing_plugins("id: a\nnamespace: b\ntasks:\n- id: c\n  type: io.none.Some\n")
    assert missing["missingTypes"] == ["io.none.Some"]


CHART = """id: recent
type: io.kestra.plugin.core.dashboard.chart.Table
chartOptions: {displayName: Recent}
data:
  type: io.kestra.plugin.core.dashboard.data.Executions
  columns:
    flow: {field: FLOW_ID}
    total: {agg: COUNT}
"""


def dashboard(bench, title):
    """The source of a dashboard over the executions of the check."""
    where = f"  where: [{{field: NAMESPACE, type: EQUAL_TO, value: {bench.namespace}}}]\n"
    lines = "".join(f"    {line}\n" for line in (CHART + where).splitlines())
    name = bench.namespace.replace(".", "-")
    return f"id: {name}\ntitle: {title}\ncharts:\n" + lines.replace("    id:", "  - id:", 1)


@check
def dashboards_are_saved_found_and_deleted(bench):
    dashboards = bench.client.dashboards
    title = f"of {bench.namespace}"
    made = dashboards.create_dashboard(TENANT, dashboard(bench, title))
    assert made["title"] == title and dashboards.dashboard(made["id"], TENANT) == made
    found = dashboards.search_dashboards(TENANT, q=title, page=1, size=10, sort=["title:asc"])
    assert found["total"] == 1 and found["results"][0]["id"] == made["id"]
    changed = dashboards.update_dashboard(made["id"], TENANT, dashboard(bench, "changed"))
    assert changed["title"] == "changed" and changed["created"] == made["created"]
    assert dashboards.validate_dashboard(TENANT, dashboard(bench, "x")).constraints is None
    assert dashboards.validate_chart(TENANT, CHART).constraints is None
    wrong = CHART.replace("FLOW_ID", "FLOW")
    assert "FLOW_ID" in dashboards.validate_chart(TENANT, wrong).constraints
    dashboards.delete_dashboard(made["id"], TENANT)
    refused(404, lambda: dashboards.dashboard(made["id"], TENANT), made["id"])


@check
def charts_are_computed_and_exported(bench):
    bench.deploy("hello", SAY)
    bench.run("hello")
    dashboards = bench.client.dashboards
    made = dashboards.create_dashboard(TENANT, dashboard(bench, "charts"))
    now = datetime.now(timezone.utc)
    day = ChartFiltersOverrides(start_date=now - timedelta(days=1), end_date=now, page_size=10, page_number=1)
    # The client takes every value of an entry for an object, so it cannot read an entry of any server. The next lines
    # send what it sends, and read the entries without its model.
    path = dashboards._tenant_path(TENANT, "dashboards", made["id"], "charts", "recent")
    answer = dashboards._raw_json_request("POST", path, body=day)
    assert answer["results"] == [{"flow": "hello", "total": 1}] and answer["isComplete"], answer
    past = ChartFiltersOverrides(start_date=now - timedelta(days=9), end_date=now - timedelta(days=8))
    assert dashboards.dashboard_chart_data(made["id"], "recent", TENANT, past).total == 0
    refused(404, lambda: dashboards.dashboard_chart_data(made["id"], "none", TENANT, past), "none")
    only = ChartFiltersOverrides(namespace=bench.namespace + ".none")
    empty = DashboardControllerPreviewRequest(chart=CHART, global_filter=only)
    assert dashboards.preview_chart(TENANT, empty).results == []
    request = DashboardControllerPreviewRequest(
        chart=CHART, global_filter=ChartFiltersOverrides(namespace=bench.namespace)
    )
    if bench.version == 1:
        tables = [
            dashboards.export_chart_to_csv(TENANT, request),
            dashboards.export_dashboard_chart_data_to_csv(made["id"], "recent", TENANT, day),
        ]
    else:
        assert dashboards.default_dashboards(TENANT) == {}
        tables = [
            dashboards.export_chart(TENANT, request, format="CSV"),
            dashboards.export_dashboard_chart(made["id"], "recent", TENANT, day, format="CSV"),
        ]
    for table in tables:
        assert list(csv.reader(io.StringIO(table.decode()))) == [["flow", "total"], ["hello", "1"]], table


@check(since=2)
def the_server_is_described(bench):
    misc = bench.client.misc
    configuration = misc.configuration()
    assert configuration.edition == "OSS" and configuration.uuid and configuration.chart_default_duration
    assert "upper" in misc.pebble_filters() and "render" in misc.pebble_functions()
    assert misc.basic_auth_validation_errors() == []


def main(url, version):
    failed = 0
    for function, since in CHECKS:
        name = function.__name__.replace("_", " ")
        if version < since:
            print(f"skipped  kestrapy {version}: {name} (since {since})")
            continue
        try:
            function(Bench(url, version))
            print(f"ok       kestrapy {version}: {name}")
        except Exception as error:  # A check may fail in any way.
            failed += 1
            print(f"FAILED   kestrapy {version}: {name}: {error!r}")
            traceback.print_exc()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
