"""ECS services and tasks, run by a scheduler; every request first advances them to the present.

Tasks have zone, subnet, address, createdAt, startedAt, health; deployments roll within minimum and maximum
healthy percent, end COMPLETED, or FAILED by the circuit breaker (threshold 0.5 x desired, 3 to 200) and are
rolled back; stopped tasks stay listed for an hour. A task definition whose container has the environment
variable FAIL=1 exits with 1 after ACTIVATING.
"""

import json
import math
import time
import uuid

from moto.backends import get_backend

from errors import ACCOUNT, AwsError

class EcsScheduler:
    """Services and tasks; every request first advances them to the present."""

    STEPS = [("PROVISIONING", 4.0), ("PENDING", 8.0), ("ACTIVATING", 3.0)]

    def __init__(self, speed, rng):
        self.speed, self.rng, self.services, self.tasks = speed, rng, {}, []

    # -- helpers
    def subnet_zone(self, region, subnet_id):
        try:
            return get_backend("ec2")[ACCOUNT][region].get_subnet(subnet_id).availability_zone
        except Exception:
            return None

    def task_definition(self, region, name):
        td = get_backend("ecs")[ACCOUNT][region].describe_task_definition(name)
        return td.arn, td

    def fails(self, td):
        return any(e.get("name") == "FAIL" and e.get("value") == "1" for c in td.container_definitions for e in c.get("environment", []) or [])

    def service(self, region, cluster, name):
        cluster = (cluster or "default").split("/")[-1]
        service = self.services.get((region, cluster, name.split("/")[-1]))
        if service is None:
            raise AwsError("ServiceNotFoundException", "Service not found.")
        return service

    def event(self, service, text):
        service["events"].insert(0, {"id": str(uuid.UUID(int=self.rng.getrandbits(128))), "createdAt": time.time(), "message": f"(service {service['serviceName']}) {text}"})
        del service["events"][100:]

    def new_deployment(self, service, td_arn, failing):
        _, td = self.task_definition(service["_region"], td_arn)
        for d in service["deployments"]:
            d["status"] = "ACTIVE"
        now = time.time()
        service["deployments"].insert(0, {
            "id": f"ecs-svc/{self.rng.randrange(10**18, 10**19)}", "status": "PRIMARY", "taskDefinition": td_arn, "desiredCount": service["desiredCount"],
            "pendingCount": 0, "runningCount": 0, "failedTasks": 0, "createdAt": now, "updatedAt": now, "launchType": "FARGATE", "platformVersion": "1.4.0",
            "platformFamily": "Linux", "networkConfiguration": service["networkConfiguration"], "rolloutState": "IN_PROGRESS",
            "rolloutStateReason": "ECS deployment in progress.", "_failing": failing,
            "_cpu": td.cpu, "_memory": td.memory})
        service["taskDefinition"] = td_arn

    def start_task(self, service, deployment):
        subnets = service["networkConfiguration"].get("awsvpcConfiguration", {}).get("subnets", []) or ["subnet-unknown"]
        load = {s: 0 for s in subnets}
        for t in self.tasks:
            if t["_service"] is service and t["_subnet"] in load and t["desiredStatus"] == "RUNNING":
                load[t["_subnet"]] += 1
        subnet = min(subnets, key=lambda s: load[s])
        now, ident = time.time(), f"{self.rng.getrandbits(128):032x}"
        arn = f"arn:aws:ecs:{service['_region']}:{ACCOUNT}:task/{service['_cluster']}/{ident}"
        self.tasks.append({
            "taskArn": arn, "clusterArn": service["clusterArn"], "taskDefinitionArn": deployment["taskDefinition"], "group": f"service:{service['serviceName']}",
            "lastStatus": "PROVISIONING", "desiredStatus": "RUNNING", "launchType": "FARGATE", "startedBy": deployment["id"], "createdAt": now, "cpu": deployment["_cpu"], "memory": deployment["_memory"],
            "availabilityZone": self.subnet_zone(service["_region"], subnet), "connectivity": "CONNECTED", "healthStatus": "UNKNOWN", "version": 1, "platformVersion": "1.4.0",
            "attachments": [{"id": str(uuid.UUID(int=self.rng.getrandbits(128))), "type": "ElasticNetworkInterface", "status": "ATTACHED", "details": [
                {"name": "subnetId", "value": subnet}, {"name": "networkInterfaceId", "value": f"eni-{self.rng.getrandbits(64):016x}"},
                {"name": "privateIPv4Address", "value": f"10.0.{self.rng.randrange(256)}.{self.rng.randrange(4, 250)}"}]}],
            "containers": [{"name": "fargate-app", "lastStatus": "PENDING", "taskArn": arn}], "tags": [], "overrides": {},
            "_service": service, "_subnet": subnet, "_deployment": deployment["id"], "_failing": deployment["_failing"], "_since": now})

    def stop(self, task, reason, code="ServiceSchedulerInitiated", exit_code=None):
        now = time.time()
        task.update(lastStatus="STOPPED", desiredStatus="STOPPED", stoppedReason=reason, stopCode=code, stoppingAt=now, stoppedAt=now, connectivity="DISCONNECTED")
        task["containers"][0].update(lastStatus="STOPPED", **({} if exit_code is None else {"exitCode": exit_code}))

    # -- time
    def advance(self):
        now = time.time()
        self.tasks = [t for t in self.tasks if t["lastStatus"] != "STOPPED" or now - t["stoppedAt"] < 3600]
        for task in self.tasks:
            names = [s for s, _ in self.STEPS]
            while task["lastStatus"] in names:
                i = names.index(task["lastStatus"])
                due = task["_since"] + self.STEPS[i][1] / self.speed
                if now < due:
                    break
                task["_since"], task["version"] = due, task["version"] + 1
                if i + 1 < len(names):
                    task["lastStatus"] = names[i + 1]
                elif task["_failing"]:
                    self.stop(task, "Essential container in task exited", "EssentialContainerExited", 1)
                    for d in task["_service"]["deployments"]:
                        if d["id"] == task["_deployment"]:
                            d["failedTasks"] += 1
                else:
                    task.update(lastStatus="RUNNING", startedAt=due, healthStatus="HEALTHY", pullStartedAt=task["createdAt"], pullStoppedAt=due)
                    task["containers"][0].update(lastStatus="RUNNING", healthStatus="HEALTHY")
        for service in self.services.values():
            self.reconcile(service)

    def reconcile(self, service):
        primary, desired = service["deployments"][0], service["desiredCount"]
        primary["desiredCount"] = desired
        config = service["deploymentConfiguration"]
        breaker = config.get("deploymentCircuitBreaker") or {}
        threshold = min(200, max(3, math.ceil(desired * 0.5)))
        if primary["rolloutState"] == "IN_PROGRESS" and breaker.get("enable") and primary["failedTasks"] >= threshold:
            primary.update(rolloutState="FAILED", rolloutStateReason="ECS deployment circuit breaker: tasks failed to start.", updatedAt=time.time())
            self.event(service, f"(deployment {primary['id']}) deployment failed: tasks failed to start.")
            good = next((d for d in service["deployments"][1:] if d.get("_completed")), None)
            if breaker.get("rollback") and good:
                self.new_deployment(service, good["taskDefinition"], good["_failing"])
                service["deployments"][0]["rolloutStateReason"] = f"ECS deployment circuit breaker: rolling back to deploymentId {good['id']}."
                self.event(service, f"rolling back to deployment {good['id']}.")
                primary = service["deployments"][0]
        live = [t for t in self.tasks if t["_service"] is service and t["desiredStatus"] == "RUNNING"]
        mine = [t for t in live if t["_deployment"] == primary["id"]]
        old = [t for t in live if t["_deployment"] != primary["id"]]
        ceiling = math.floor(desired * config.get("maximumPercent", 200) / 100)
        floor = math.ceil(desired * config.get("minimumHealthyPercent", 100) / 100)
        if primary["rolloutState"] != "FAILED":
            for _ in range(max(0, min(desired - len(mine), max(ceiling, 1) - len(live)))):
                self.start_task(service, primary)
        running = [t for t in live if t["lastStatus"] == "RUNNING"]
        spare = len(running) - floor
        for task in sorted(old, key=lambda t: t["lastStatus"] == "RUNNING"):
            if task["lastStatus"] != "RUNNING" or spare > 0:
                spare -= task["lastStatus"] == "RUNNING"
                self.stop(task, f"Scaling activity initiated by (deployment {primary['id']})")
        for task in sorted(mine, key=lambda t: t["createdAt"], reverse=True)[: max(0, len(mine) - desired)]:
            self.stop(task, f"Scaling activity initiated by (deployment {primary['id']})")
        live = [t for t in self.tasks if t["_service"] is service and t["desiredStatus"] == "RUNNING"]
        for d in service["deployments"]:
            of = [t for t in live if t["_deployment"] == d["id"]]
            d["runningCount"] = sum(t["lastStatus"] == "RUNNING" for t in of)
            d["pendingCount"] = len(of) - d["runningCount"]
        service["runningCount"] = sum(t["lastStatus"] == "RUNNING" for t in live)
        service["pendingCount"] = len(live) - service["runningCount"]
        if primary["rolloutState"] == "IN_PROGRESS" and primary["runningCount"] == desired and len(live) == desired:
            primary.update(rolloutState="COMPLETED", rolloutStateReason=f"ECS deployment {primary['id']} completed.", updatedAt=time.time(), _completed=True)
            self.event(service, f"(deployment {primary['id']}) deployment completed.")
            self.event(service, "has reached a steady state.")
            service["deployments"] = service["deployments"][:1]

    # -- operations
    def call(self, operation, region, i):
        self.advance()
        method = getattr(self, "op_" + operation, None)
        if method is None:
            return None
        out = method(region, i)
        self.advance()
        return json.loads(json.dumps(out, default=lambda o: None), object_hook=lambda d: {k: v for k, v in d.items() if not k.startswith("_")})

    @staticmethod
    def public(value):
        return {k: v for k, v in value.items() if not k.startswith("_")}

    def op_CreateService(self, region, i):
        cluster = (i.get("cluster") or "default").split("/")[-1]
        if (region, cluster, i["serviceName"]) in self.services:
            raise AwsError("InvalidParameterException", "Creation of service was not idempotent.")
        arn, td = self.task_definition(region, i["taskDefinition"])
        service = {"serviceArn": f"arn:aws:ecs:{region}:{ACCOUNT}:service/{cluster}/{i['serviceName']}", "serviceName": i["serviceName"],
                   "clusterArn": f"arn:aws:ecs:{region}:{ACCOUNT}:cluster/{cluster}", "status": "ACTIVE", "desiredCount": i.get("desiredCount", 0), "runningCount": 0,
                   "pendingCount": 0, "launchType": "FARGATE", "platformVersion": "LATEST", "taskDefinition": arn, "loadBalancers": i.get("loadBalancers", []),
                   "networkConfiguration": i.get("networkConfiguration", {}), "deploymentConfiguration": {"maximumPercent": 200, "minimumHealthyPercent": 100, **i.get("deploymentConfiguration", {})},
                   "capacityProviderStrategy": i.get("capacityProviderStrategy", []), "deployments": [], "events": [], "createdAt": time.time(), "schedulingStrategy": "REPLICA",
                   "_region": region, "_cluster": cluster}
        self.services[(region, cluster, i["serviceName"])] = service
        self.new_deployment(service, arn, self.fails(td))
        return {"service": self.describe(service)}

    def describe(self, service):
        return {**self.public(service), "deployments": [self.public(d) for d in service["deployments"]]}

    def op_UpdateService(self, region, i):
        service = self.service(region, i.get("cluster"), i["service"])
        if (i.get("desiredCount") or 0) < 0:
            raise AwsError("InvalidParameterException", "desiredCount must not be negative")
        strategy = i.get("capacityProviderStrategy")
        if strategy is not None and strategy != service["capacityProviderStrategy"] and not i.get("forceNewDeployment"):
            raise AwsError("InvalidParameterException", "a new capacity provider strategy needs forceNewDeployment")
        # Looked up first: a refused call changes nothing.
        arn, td = self.task_definition(region, i.get("taskDefinition") or service["taskDefinition"])
        service["desiredCount"] = service["desiredCount"] if i.get("desiredCount") is None else i["desiredCount"]
        network = i.get("networkConfiguration") or service["networkConfiguration"]
        changed = arn != service["taskDefinition"] or network != service["networkConfiguration"]
        service["networkConfiguration"] = network
        if i.get("capacityProviderStrategy") is not None:
            service["capacityProviderStrategy"] = i["capacityProviderStrategy"]
        service["deploymentConfiguration"].update(i.get("deploymentConfiguration") or {})
        if changed or i.get("forceNewDeployment"):
            self.new_deployment(service, arn, self.fails(td))
        return {"service": self.describe(service)}

    def op_DescribeServices(self, region, i):
        found, failures = [], []
        if len(i["services"]) > 10:
            raise AwsError("InvalidParameterException", "Services cannot exceed 10.")
        for name in i["services"]:
            try:
                found.append(self.describe(self.service(region, i.get("cluster"), name)))
            except AwsError:
                failures.append({"arn": name, "reason": "MISSING"})
        return {"services": found, "failures": failures}

    def op_ListServices(self, region, i):
        cluster = (i.get("cluster") or "default").split("/")[-1]
        return {"serviceArns": [s["serviceArn"] for (r, c, _), s in self.services.items() if (r, c) == (region, cluster)]}

    def op_ListTasks(self, region, i):
        cluster, wanted = (i.get("cluster") or "default").split("/")[-1], i.get("desiredStatus", "RUNNING")
        if i.get("serviceName"):
            self.service(region, cluster, i["serviceName"])
        arns = [t["taskArn"] for t in self.tasks if (t["_service"]["_region"], t["_service"]["_cluster"]) == (region, cluster)
                and t["desiredStatus"] == wanted
                and (not i.get("serviceName") or t["group"] == "service:" + i["serviceName"].split("/")[-1])]
        start, size = int(i.get("nextToken") or 0), min(i.get("maxResults") or 100, 100)
        more = {"nextToken": str(start + size)} if start + size < len(arns) else {}
        return {"taskArns": arns[start:start + size], **more}

    def op_DescribeTasks(self, region, i):
        if len(i["tasks"]) > 100:
            raise AwsError("InvalidParameterException", "Tasks cannot exceed 100.")
        by = {t["taskArn"]: t for t in self.tasks} | {t["taskArn"].split("/")[-1]: t for t in self.tasks}
        return {"tasks": [self.public(by[a]) for a in i["tasks"] if a in by], "failures": [{"arn": a, "reason": "MISSING"} for a in i["tasks"] if a not in by]}

    def op_StopTask(self, region, i):
        for t in self.tasks:
            if i["task"] in (t["taskArn"], t["taskArn"].split("/")[-1]) and t["lastStatus"] != "STOPPED":
                self.stop(t, i.get("reason", "Task stopped by user"), "UserInitiated", 143)
                return {"task": self.public(t)}
        raise AwsError("InvalidParameterException", "The referenced task was not found.")
