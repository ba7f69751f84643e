"""Smaller gaps of moto: EFS states, sizes and updates, pages of subnets and of log events, scalable targets of ECS services."""

import json
import time
import urllib.parse
import xml.etree.ElementTree as ElementTree

from moto.backends import get_backend
from moto.logs.utils import EventMessageFilter

from errors import ACCOUNT, AwsError


def inner(app, env):
    """moto's answer: status, headers, body."""
    got = {}
    body = b"".join(app(env, lambda s, h, e=None: got.update(status=s, headers=h) or (lambda b: None)))
    return got["status"], [(k, v) for k, v in got["headers"] if k.lower() != "content-length"], body


def send(start, status, headers, body):
    start(status, headers + [("Content-Length", str(len(body)))])
    return [body]


def send_json(start, value):
    return send(start, "200 OK", [("Content-Type", "application/x-amz-json-1.1")], json.dumps(value).encode())


class MountTargets:
    """moto's mount targets are available and gone at once; here they are "creating" for 20 s / speed and
    "deleting" for 10 s / speed, and hold their zone until they are gone."""

    def __init__(self, speed):
        self.speed, self.born, self.doomed = speed, {}, {}

    def bury(self, region):
        for ident, (of, at) in list(self.doomed.items()):
            if of == region and time.time() - at >= 10 / self.speed:
                del self.doomed[ident]
                get_backend("efs")[ACCOUNT][region].delete_mount_target(ident)

    def delete(self, start, path, region):
        self.bury(region)
        ident = path.rsplit("/", 1)[-1]
        if ident not in get_backend("efs")[ACCOUNT][region].mount_targets_by_id:
            raise AwsError("MountTargetNotFound", f"Mount target '{ident}' does not exist.", 404)
        self.doomed.setdefault(ident, (region, time.time()))
        return send(start, "204 No Content", [], b"")

    def answer(self, app, env, start, operation, region):
        self.bury(region)
        status, headers, out = inner(app, env)
        try:
            value = json.loads(out)
        except ValueError:
            return send(start, status, headers, out)
        for mt in [value] if operation == "CreateMountTarget" else value.get("MountTargets", []):
            if "MountTargetId" in mt:
                born = self.born.setdefault(mt["MountTargetId"], time.time())
                mt["LifeCycleState"] = "available" if time.time() - born >= 20 / self.speed else "creating"
                if mt["MountTargetId"] in self.doomed:
                    mt["LifeCycleState"] = "deleting"
        return send(start, status, headers, json.dumps(value).encode())


def file_system(region, ident):
    found = get_backend("efs")[ACCOUNT][region].file_systems_by_id.get(ident)
    if found is None:
        raise AwsError("FileSystemNotFound", f"File system '{ident}' does not exist.", 404)
    return found


def set_size(region, ident, size):
    file_system(region, ident)._size_value = size


def update_file_system(start, env, body, region):
    fs, change = file_system(region, env["PATH_INFO"].rsplit("/", 1)[-1]), json.loads(body or b"{}")
    provisioned, value = change.get("ThroughputMode") == "provisioned", change.get("ProvisionedThroughputInMibps")
    if provisioned != (value is not None) or (value is not None and value < 1):
        raise AwsError("BadRequest", "provisioned throughput goes with its value, and only it")
    if change.get("ThroughputMode"):
        fs.throughput_mode = change["ThroughputMode"]
    if change.get("ProvisionedThroughputInMibps"):
        fs.provisioned_throughput_in_mibps = change["ProvisionedThroughputInMibps"]
    elif change.get("ThroughputMode"):
        fs.provisioned_throughput_in_mibps = None
    info = {k[0].upper() + k[1:]: v for k, v in fs.info_json().items()} if hasattr(fs, "info_json") else {}
    return send_json(start, info)


def subnets(app, env, start, body, size):
    """moto gives all subnets on one page."""
    form = dict(urllib.parse.parse_qsl(body.decode()))
    if "MaxResults" in form and any(k.startswith("SubnetId") for k in form):
        raise AwsError("InvalidParameterCombination", "The parameter SubnetIds cannot be used with the parameter MaxResults")
    status, headers, out = inner(app, env)
    root = ElementTree.fromstring(out)
    space = root.tag[: root.tag.index("}") + 1] if root.tag.startswith("{") else ""
    items = root.find(f"{space}subnetSet")
    if status.startswith("2") and items is not None:
        first, size = int(form.get("NextToken") or 0), min(size, int(form.get("MaxResults") or 1000))
        every = list(items)
        for n, item in enumerate(every):
            if not first <= n < first + size:
                items.remove(item)
        if first + size < len(every):
            ElementTree.SubElement(root, f"{space}nextToken").text = str(first + size)
        if space:
            ElementTree.register_namespace("", space[1:-1])
        out = ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return send(start, status, headers, out)


def log_events(region, i, size):
    """moto's pages are never empty but the last, its order is that of streams, and it lets everything through a
    pattern that it does not know. Here a page looks at `size` events, oldest first, and gives those that match."""
    group = get_backend("logs")[ACCOUNT][region].groups.get(i["logGroupName"])
    if group is None:
        raise AwsError("ResourceNotFoundException", "The specified log group does not exist.")
    pattern = (i.get("filterPattern") or "").strip()
    if pattern[:1] in ("{", "[", "%"):
        raise AwsError("InvalidParameterException", f"patterns that begin with {pattern[0]} are not known here")
    first, last = i.get("startTime") or 0, i.get("endTime") or float("inf")
    events = [(e.timestamp, e.event_id, s.log_stream_name, e) for s in group.streams.values() for e in s.events if first <= e.timestamp <= last]
    events.sort(key=lambda e: e[:2])
    try:
        after = tuple(int(part) for part in i["nextToken"].split("/")) if "nextToken" in i else (-1, -1)
    except ValueError:
        raise AwsError("InvalidParameterException", "The specified nextToken is invalid.") from None
    events = [e for e in events if (e[0], int(e[1])) > after]
    page = events[: min(size, i.get("limit") or 10_000)]
    matches = EventMessageFilter(pattern).matches
    out = {"searchedLogStreams": [], "events": [
        {"logStreamName": stream, "timestamp": at, "message": e.message, "ingestionTime": int(e.ingestion_time), "eventId": str(ident)}
        for at, ident, stream, e in page if matches(e.message)]}
    if len(page) < len(events):
        out["nextToken"] = f"{page[-1][0]}/{page[-1][1]}"
    return out


class ScalableTargets:
    """Application Auto Scaling on the scheduler's services, which moto does not know."""

    def __init__(self, ecs):
        self.ecs, self.targets = ecs, {}

    def call(self, operation, region, i):
        method = getattr(self, "op_" + operation, None)
        return None if method is None or i.get("ServiceNamespace") != "ecs" else method(region, i)

    def op_RegisterScalableTarget(self, region, i):
        _, cluster, name = i["ResourceId"].split("/")
        try:
            service = self.ecs.service(region, cluster, name)
        except AwsError:
            raise AwsError("ValidationException", f"ECS service doesn't exist: {i['ResourceId']}") from None
        low, high = i.get("MinCapacity", 0), i.get("MaxCapacity", 1_000_000)
        if low > high:
            raise AwsError("ValidationException", "Minimum capacity must not be above maximum capacity")
        service["desiredCount"] = min(max(service["desiredCount"], low), high)
        arn = f"arn:aws:application-autoscaling:{region}:{ACCOUNT}:scalable-target/{len(self.targets)}"
        role = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService"
        known = self.targets.get((region, i["ResourceId"]), {"RoleARN": role, "ScalableTargetARN": arn, "CreationTime": time.time()})
        self.targets[(region, i["ResourceId"])] = {**known, **{k: v for k, v in i.items() if v is not None}}
        return {"ScalableTargetARN": known["ScalableTargetARN"]}

    def op_DeregisterScalableTarget(self, region, i):
        if self.targets.pop((region, i["ResourceId"]), None) is None:
            raise AwsError("ObjectNotFoundException", "No scalable target found.")
        return {}

    def op_DescribeScalableTargets(self, region, i):
        wanted = i.get("ResourceIds") or []
        return {"ScalableTargets": [t for (r, ident), t in self.targets.items() if r == region and (not wanted or ident in wanted)]}
