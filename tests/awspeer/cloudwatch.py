"""CloudWatch: CBOR in and out with moto's JSON in the middle, and a GetMetricData of its own.

moto's bins begin at StartTime, know no percentiles and no pages, and take seconds for hundreds of queries.
"""

import datetime
import io
import json
import math

import botocore.session
import cbor2
from moto.backends import get_backend

from errors import ACCOUNT, CBOR_PREFIX, AwsError

MODEL = botocore.session.get_session().get_service_model("cloudwatch")


def plain(v):
    """CBOR's values as JSON's."""
    if isinstance(v, datetime.datetime):
        return v.timestamp()
    if isinstance(v, dict):
        return {k: plain(x) for k, x in v.items()}
    return [plain(x) for x in v] if isinstance(v, list) else v


def typed(v, shape):
    """JSON's values as CBOR's, by the service model."""
    if v is None:
        return None
    kind = shape.type_name
    if kind == "structure":
        return {k: typed(x, shape.members[k]) for k, x in v.items() if k in shape.members and x is not None}
    if kind == "list":
        return [typed(x, shape.member) for x in v]
    if kind == "map":
        return {k: typed(x, shape.value) for k, x in v.items()}
    if kind == "timestamp":
        if isinstance(v, str):
            v = datetime.datetime.fromisoformat(v.replace("Z", "+00:00")).timestamp()
        return cbor2.CBORTag(1, float(v))
    if kind in ("double", "float"):
        return float(v)
    return int(v) if kind in ("integer", "long") else v


def answer(app, env, start, body, operation, region, datapoints_a_page):
    request = plain(cbor2.loads(body)) if body else {}
    if operation == "GetMetricData":
        status, data = "200 OK", metric_data(region, request, datapoints_a_page)
    elif operation == "ListMetrics" and request.get("Namespace") == "AWS/Logs":
        status, data = "200 OK", {"Metrics": taken_in_metrics(region, request)}
    else:
        status, data = through_moto(app, env, request, operation)
    shape = MODEL.operation_model(operation).output_shape
    value = (typed(data, shape) if shape is not None else {}) if status.startswith("2") else data
    encoded = cbor2.dumps(value)
    headers = [("smithy-protocol", "rpc-v2-cbor"), ("Content-Type", "application/cbor")]
    start(status, headers + [("Content-Length", str(len(encoded)))])
    return [encoded]


def through_moto(app, env, request, operation):
    text = json.dumps(request).encode()
    target = f"GraniteServiceVersion20100801.{operation}"
    inner = dict(env, PATH_INFO="/", RAW_URI="/", REQUEST_URI="/", CONTENT_TYPE="application/x-amz-json-1.0")
    inner.update({"CONTENT_LENGTH": str(len(text)), "HTTP_X_AMZ_TARGET": target, "wsgi.input": io.BytesIO(text)})
    got = {}
    out = b"".join(app(inner, lambda s, h, e=None: got.update(status=s) or (lambda b: None)))
    try:
        return got["status"], json.loads(out) if out else {}
    except ValueError:
        return got["status"], {"__type": "InternalFailure", "message": out[:200].decode(errors="replace")}


def seconds(value):
    if isinstance(value, str):
        value = datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))
    return value.timestamp() if isinstance(value, datetime.datetime) else float(value)


def statistic(name, values):
    """Of (value, weight of one sample, minimum, maximum) of the data in a period."""
    total, samples = sum(v[0] for v in values), sum(v[1] for v in values)
    if name == "Sum":
        return total
    if name == "SampleCount":
        return samples
    if name == "Average":
        return total / samples
    if name == "Minimum":
        return min(v[2] for v in values)
    if name == "Maximum":
        return max(v[3] for v in values)
    if name.startswith("p"):
        ordered = sorted(v[0] for v in values)
        return ordered[min(len(ordered) - 1, math.ceil(float(name[1:]) / 100 * len(ordered)) - 1)]
    raise AwsError("ValidationError", f"The value {name} for parameter Stat is not supported.")


def datum(md):
    if hasattr(md, "value"):
        return md.value, 1, md.value, md.value
    return md.sum, md.sample_count, md.min, md.max


def taken_in(region):
    """moto's logs tell CloudWatch nothing: (group, seconds) of every line that was taken in."""
    for name, group in get_backend("logs")[ACCOUNT][region].groups.items():
        for stream in group.streams.values():
            yield from ((name, event.ingestion_time / 1000) for event in stream.events)


def taken_in_metrics(region, request):
    wanted = {(d["Name"], d["Value"]) for d in request.get("Dimensions") or []}
    if request.get("MetricName") not in (None, "IncomingLogEvents"):
        return []
    groups = sorted({name for name, _ in taken_in(region) if wanted <= {("LogGroupName", name)}})
    return [{"Namespace": "AWS/Logs", "MetricName": "IncomingLogEvents", "Dimensions": [{"Name": "LogGroupName", "Value": g}]} for g in groups]


def metric_data(region, request, datapoints_a_page):
    start, end = seconds(request["StartTime"]), seconds(request["EndTime"])
    queries = request["MetricDataQueries"]
    if len(queries) > 500:
        raise AwsError("ValidationError", "The collection MetricDataQueries must not have a size greater than 500.")
    if start >= end:
        raise AwsError("ValidationError", "The parameter EndTime must be greater than StartTime.")
    index = {}
    for md in get_backend("cloudwatch")[ACCOUNT][region].get_all_metrics():
        at = md.timestamp.replace(tzinfo=md.timestamp.tzinfo or datetime.timezone.utc).timestamp()
        if start <= at < end:
            key = (md.namespace, md.name, tuple(sorted((d.name, d.value) for d in md.dimensions)))
            index.setdefault(key, []).append((at, datum(md)))
    if any(q.get("MetricStat", {}).get("Metric", {}).get("Namespace") == "AWS/Logs" for q in queries):
        for group, at in taken_in(region):
            if start <= at < end:
                key = ("AWS/Logs", "IncomingLogEvents", (("LogGroupName", group),))
                index.setdefault(key, []).append((at, (1, 1, 1, 1)))
    points = []
    for query in queries:
        if "MetricStat" not in query:
            raise AwsError("ValidationError", "only MetricStat queries are known here")
        stat, metric = query["MetricStat"], query["MetricStat"]["Metric"]
        dimensions = tuple(sorted((d["Name"], d["Value"]) for d in metric.get("Dimensions") or []))
        bins = {}
        for at, value in index.get((metric["Namespace"], metric["MetricName"], dimensions), []):
            bins.setdefault(at // stat["Period"] * stat["Period"], []).append(value)
        order = sorted(bins, reverse=request.get("ScanBy") != "TimestampAscending")
        points += [(query["Id"], at, statistic(stat["Stat"], bins[at])) for at in order]
    first = int(request.get("NextToken") or 0)
    page = points[first:first + datapoints_a_page]
    results = {q["Id"]: {"Id": q["Id"], "Label": q["Id"], "Timestamps": [], "Values": [], "StatusCode": "Complete"} for q in queries}
    for ident, at, value in page:
        results[ident]["Timestamps"].append(at)
        results[ident]["Values"].append(value)
    out = {"MetricDataResults": [r for r in results.values() if r["Values"] or first == 0], "Messages": []}
    if first + datapoints_a_page < len(points):
        out["NextToken"] = str(first + datapoints_a_page)
    return out
