"""What every request passes: who is asked, faults, the record of calls; and the peer's own door."""

import io
import json
import random
import re
import socket
import threading
import time
import urllib.parse

import cloudwatch
import errors
import live_tail
import others
from ecs import EcsScheduler
from errors import CBOR_PREFIX, AwsError

EFS_OPERATIONS = [
    ("POST", r"/mount-targets$", "CreateMountTarget"),
    ("GET", r"/mount-targets/?$", "DescribeMountTargets"),
    ("DELETE", r"/mount-targets/[^/]+$", "DeleteMountTarget"),
    ("GET", r"/mount-targets/[^/]+/security-groups$", "DescribeMountTargetSecurityGroups"),
    ("GET", r"/file-systems/?$", "DescribeFileSystems"),
    ("POST", r"/file-systems/?$", "CreateFileSystem"),
    ("DELETE", r"/file-systems/[^/]+$", "DeleteFileSystem"),
    ("PUT", r"/file-systems/[^/]+$", "UpdateFileSystem"),
    ("GET", r"/lifecycle-configuration$", "DescribeLifecycleConfiguration"),
    ("PUT", r"/lifecycle-configuration$", "PutLifecycleConfiguration"),
    ("GET", r"/access-points$", "DescribeAccessPoints"),
]
SERVICES = {"elasticfilesystem": "efs", "monitoring": "cloudwatch"}
WEB_PAGE = b"<html><head><title>Sign in</title></head><body>This is not what you asked for.</body></html>"


class Asked:
    """Who is asked for what, from the signature and the protocol of a request."""

    def __init__(self, env, body):
        self.path, target = env.get("PATH_INFO", ""), env.get("HTTP_X_AMZ_TARGET", "")
        scope = re.search(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/aws4_request", env.get("HTTP_AUTHORIZATION", ""))
        self.key, self.region, service = scope.groups() if scope else (None, "us-east-1", "?")
        self.service = SERVICES.get(service, service)
        if self.path.startswith(CBOR_PREFIX):
            self.operation = self.path[len(CBOR_PREFIX):]
        elif target:
            self.operation = target.split(".")[-1]
        elif self.service == "efs":
            method = env["REQUEST_METHOD"]
            named = (n for m, p, n in EFS_OPERATIONS if m == method and re.search(p, self.path))
            self.operation = next(named, f"{method} {self.path}")
        else:
            found = re.search(rb"Action=(\w+)", body)
            self.operation = found.group(1).decode() if found else f"{env['REQUEST_METHOD']} {self.path}"


class Peer:
    def __init__(self, app, speed, seed):
        self.app, self.lock = app, threading.RLock()
        self.ecs = EcsScheduler(speed, random.Random(seed))
        self.scalable, self.mount_targets = others.ScalableTargets(self.ecs), others.MountTargets(speed)
        self.faults, self.calls, self.expired = {}, [], set()
        self.pages = {"datapoints": 100_800, "subnets": 1000, "log_events": 10_000}

    def fault(self, asked):
        """The fault that is due; by region before everywhere, by operation before service before all."""
        names = (f"{asked.service}.{asked.operation}", f"{asked.service}.*", "*")
        with self.lock:
            for region in (asked.region, None):
                for name in names:
                    f = self.faults.get(region, {}).get(name)
                    if f and f.get("times", 1) > 0:
                        f["times"] = f.get("times", 1) - 1
                        if "then" in f:
                            self.faults[region] = f["then"]
                        return dict(f)
        return {}

    def __call__(self, env, start):
        length = int(env.get("CONTENT_LENGTH") or 0)
        body = env["wsgi.input"].read(length) if length else b""
        env["wsgi.input"] = io.BytesIO(body)
        if env.get("PATH_INFO", "").startswith("/_peer/"):
            return self.door(env, start, body)
        asked = Asked(env, body)
        record = {"t": time.time(), "region": asked.region, "service": asked.service, "operation": asked.operation,
                  "status": None, "key": asked.key, "input": None}
        if env.get("HTTP_X_AMZ_TARGET") or asked.service == "efs":
            try:
                record["input"] = json.loads(body or b"{}")
            except ValueError:
                pass
        with self.lock:
            fault = self.fault(asked)
            self.calls.append(record)
        if fault.get("delay"):
            time.sleep(fault["delay"])
        if fault.get("garbage"):
            status = fault.get("status", 200)
            record["status"] = f"{status} garbage"
            return others.send(start, f"{status} X", [("Content-Type", "text/html")], WEB_PAGE)
        if fault.get("status"):
            record["status"] = str(fault["status"])
            message = fault.get("message", "Rate exceeded")
            return self.refuse(asked, start, AwsError(fault.get("code", "InternalFailure"), message, fault["status"]))
        if asked.key in self.expired:
            record["status"] = "expired"
            return self.refuse(asked, start, errors.expired(asked.service))
        return self.through(env, start, body, asked, record, fault)

    def through(self, env, start, body, asked, record, fault):
        got = {}
        with self.lock:
            out = b"".join(self.dispatch(env, lambda s, h, e=None: got.update(status=s, headers=h) or (lambda b: None), body, asked))
        record["status"] = got["status"]
        if fault.get("hold"):
            self.hold(asked.region, fault["hold"])
        if fault.get("lose"):
            record["status"] = f"lost after {got['status']}"
            try:
                env["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            except (KeyError, OSError):
                pass
            raise ConnectionAbortedError("answer lost on purpose")
        headers = [(k, v) for k, v in got["headers"] if k.lower() != "content-length"]
        start(got["status"], headers + [("Content-Length", str(len(out)))])
        if fault.get("cut"):
            record["status"] = f"cut after {got['status']}"
            return [out[: len(out) // 2]]
        return [out]

    def hold(self, region, seconds):
        """Waits, at most until the region's faults are set anew."""
        with self.lock:
            faults = self.faults.get(region)
        end = time.time() + seconds
        while time.time() < end and self.faults.get(region) is faults:
            time.sleep(0.02)

    def dispatch(self, env, start, body, asked):
        service, operation, region = asked.service, asked.operation, asked.region
        try:
            if service in ("ecs", "application-autoscaling"):
                runner = self.ecs if service == "ecs" else self.scalable
                answer = runner.call(operation, region, json.loads(body or b"{}"))
                if answer is not None:
                    return others.send_json(start, answer)
            if service == "efs" and operation == "UpdateFileSystem":
                return others.update_file_system(start, env, body, region)
            if service == "efs" and operation in ("CreateMountTarget", "DescribeMountTargets"):
                return self.mount_targets.answer(self.app, env, start, operation, region)
            if service == "efs" and operation == "DeleteMountTarget":
                return self.mount_targets.delete(start, asked.path, region)
            if service == "ec2" and operation == "DescribeSubnets":
                return others.subnets(self.app, env, start, body, self.pages["subnets"])
            if service == "logs" and operation == "FilterLogEvents":
                return others.send_json(start, others.log_events(region, json.loads(body), self.pages["log_events"]))
            if service == "logs" and operation == "StartLiveTail":
                return live_tail.answer(start, region, json.loads(body))
            if asked.path.startswith(CBOR_PREFIX):
                return cloudwatch.answer(self.app, env, start, body, operation, region, self.pages["datapoints"])
        except AwsError as e:
            return self.refuse(asked, start, e)
        except Exception as e:  # a wrong request must not kill the peer
            return self.refuse(asked, start, AwsError("ClientException", f"{type(e).__name__}: {e}"))
        return [b"".join(self.app(env, start))]

    def refuse(self, asked, start, error):
        kind, body = errors.encode(asked.service, asked.path, error)
        headers = [("Content-Type", kind), ("x-amzn-requestid", f"{random.getrandbits(64):016x}")]
        if not kind.startswith("text/xml"):
            headers.append(("x-amzn-errortype", error.code))
        if kind == "application/cbor":
            headers.append(("smithy-protocol", "rpc-v2-cbor"))
        return others.send(start, f"{error.status} X", headers, body)

    # -- the peer's own door
    def door(self, env, start, body):
        path, method = env["PATH_INFO"], env["REQUEST_METHOD"]
        region = dict(urllib.parse.parse_qsl(env.get("QUERY_STRING", ""))).get("region")
        given = json.loads(body) if body else {}
        with self.lock:
            if path == "/_peer/faults":
                if method == "POST":
                    self.faults[region] = given
                return others.send_json(start, self.faults.get(region, {}))
            if path == "/_peer/calls":
                out = [c for c in self.calls if region in (None, c["region"])]
                if method == "DELETE":
                    self.calls = [c for c in self.calls if region not in (None, c["region"])]
                return others.send_json(start, out)
            if path == "/_peer/keys":
                self.expired = set(given.get("expired", []))
                return others.send_json(start, sorted(self.expired))
            if path == "/_peer/pages":
                self.pages.update(given)
                return others.send_json(start, self.pages)
            if path == "/_peer/efs/size":
                others.set_size(region, given["file_system"], given["bytes"])
                return others.send_json(start, {})
            if path == "/_peer/tasks/stop":
                return others.send_json(start, {"stopped": self.stop_tasks(region, given)})
        return others.send(start, "404 X", [("Content-Type", "text/plain")], b"no such door\n")

    def stop_tasks(self, region, given):
        self.ecs.advance()
        running = [t for t in self.ecs.tasks if t["lastStatus"] == "RUNNING" and region in (None, t["_service"]["_region"])]
        for t in running[: given.get("n", 1)]:
            reason = given.get("reason", "Essential container in task exited")
            self.ecs.stop(t, reason, "EssentialContainerExited", given.get("exit_code", 137))
        return [t["taskArn"] for t in running[: given.get("n", 1)]]
