"""Creates, with boto3, an environment such as the tests watch, and prints what it made as JSON; a list of them for
several regions (A,B,C).

  world.py --endpoint URL --region R [--subnets 3] [--zones N] [--mount-targets 2] [--tasks 2] [--metrics 0]
           [--versions 1] [--files 131402] [--cached 0] [--lines 0] [--logged 0] [--volume] [--autoscaled] [--balancer] [--unreadable] [--unpublished] [--fail] [--silent] [--monitored]
"""

import argparse
import datetime
import json
import sys

import boto3

CLUSTER, SERVICE = "efs-mount-autoscaling-cluster", "efs-mount-autoscaling-fargate-service"
CACHE = "/efs-mount-autoscaling/file-count"
PARAMETER = "/efs-mount-autoscaling/mount-targets"
LOG_GROUP, FUNCTION_LOG_GROUP = "/ecs/efs-mount-autoscaling-fargate", "/aws/lambda/efs-mount-autoscaling-file-monitor"
FUNCTION = "efs-mount-autoscaling-file-monitor"


class Maker:
    def __init__(self, session, args, region):
        self.session, self.args, self.made = session, args, {"region": region}

    def client(self, service):
        return self.session.client(service, region_name=self.made["region"], endpoint_url=self.args.endpoint)

    def network(self):
        ec2 = self.client("ec2")
        zones = sorted(z["ZoneName"] for z in ec2.describe_availability_zones()["AvailabilityZones"])
        zones = zones[: self.args.zones or self.args.subnets]
        vpc = ec2.create_vpc(CidrBlock="127.77.0.0/16")["Vpc"]["VpcId"]
        subnets = []
        for n in range(self.args.subnets):
            zone = zones[n % len(zones)]
            made = ec2.create_subnet(VpcId=vpc, CidrBlock=f"127.77.{n + 1}.0/24", AvailabilityZone=zone)["Subnet"]
            subnets.append({"id": made["SubnetId"], "zone": zone})
        group = ec2.create_security_group(GroupName="nfs", Description="NFS", VpcId=vpc)["GroupId"]
        self.made.update(vpc=vpc, subnets=subnets, security_group=group)

    def storage(self):
        efs = self.client("efs")
        tags = [{"Key": "Name", "Value": "files"}]
        fs = efs.create_file_system(PerformanceMode="generalPurpose", ThroughputMode="elastic", Encrypted=True, Tags=tags)
        fs = fs["FileSystemId"]
        targets = []
        for subnet in self.made["subnets"][: self.args.mount_targets]:
            mt = efs.create_mount_target(FileSystemId=fs, SubnetId=subnet["id"], SecurityGroups=[self.made["security_group"]])
            targets.append({"mount_target_id": mt["MountTargetId"], "ip_address": mt["IpAddress"],
                            "availability_zone": mt["AvailabilityZoneName"], "subnet_id": mt["SubnetId"]})
        self.made.update(file_system=fs, mount_targets=targets)

    def published(self):
        self.made["parameter"] = PARAMETER
        if self.args.unpublished:
            return
        ssm, value = self.client("ssm"), None
        for n in range(self.args.versions):
            shown = self.made["mount_targets"][: max(1, len(self.made["mount_targets"]) - (self.args.versions - 1 - n))]
            value = json.dumps({"mount_targets": shown})
            if self.args.unreadable and n == self.args.versions - 1:
                value = '{"mount_targets": ['
            ssm.put_parameter(Name=PARAMETER, Value=value, Type="String", Overwrite=n > 0)

    def cached(self):
        """The count that the former function kept in a parameter."""
        if self.args.cached:
            at = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
            value = json.dumps({"file_count": self.args.cached, "timestamp": at})
            self.client("ssm").put_parameter(Name=CACHE, Value=value, Type="String")

    def service(self):
        ecs, a = self.client("ecs"), self.args
        ecs.create_cluster(clusterName=CLUSTER)
        volumes = [{"name": "efs", "efsVolumeConfiguration": {"fileSystemId": self.made["file_system"]}}] if a.volume else []
        container = {"name": "fargate-app", "image": "app:1", "environment": [{"name": "FAIL", "value": "1"}] if a.fail else []}
        if not a.silent:
            container["logConfiguration"] = {"logDriver": "awslogs", "options": {
                "awslogs-group": LOG_GROUP, "awslogs-region": self.made["region"], "awslogs-stream-prefix": "ecs"}}
        definition = ecs.register_task_definition(
            family="file-service", networkMode="awsvpc", requiresCompatibilities=["FARGATE"], cpu="2048", memory="4096",
            containerDefinitions=[container], volumes=volumes)["taskDefinition"]["taskDefinitionArn"]
        group = f"arn:aws:elasticloadbalancing:{self.made['region']}:123456789012:targetgroup/files/73e2d6bc24d8a067"
        balancers = [{"targetGroupArn": group, "containerName": "fargate-app", "containerPort": 80}] if a.balancer else []
        network = {"awsvpcConfiguration": {"subnets": [s["id"] for s in self.made["subnets"]], "securityGroups": [self.made["security_group"]]}}
        ecs.create_service(
            cluster=CLUSTER, serviceName=SERVICE, taskDefinition=definition, desiredCount=a.tasks, launchType="FARGATE",
            networkConfiguration=network, loadBalancers=balancers,
            deploymentConfiguration={"deploymentCircuitBreaker": {"enable": True, "rollback": True}})
        self.made.update(cluster=CLUSTER, service=SERVICE, task_definition=definition)
        if a.autoscaled:
            self.client("application-autoscaling").register_scalable_target(
                ServiceNamespace="ecs", ResourceId=f"service/{CLUSTER}/{SERVICE}",
                ScalableDimension="ecs:service:DesiredCount", MinCapacity=1, MaxCapacity=10)

    def points(self, namespace, name, dimensions, values, unit="None"):
        """One value a minute, the last one in the minute before this one."""
        now = datetime.datetime.now(datetime.timezone.utc).replace(second=0, microsecond=0)
        data = [{"MetricName": name, "Dimensions": [{"Name": k, "Value": v} for k, v in dimensions.items()], "Value": value,
                 "Unit": unit, "Timestamp": now - datetime.timedelta(minutes=len(values) - n)} for n, value in enumerate(values)]
        self.cloudwatch.put_metric_data(Namespace=namespace, MetricData=data)

    def metrics(self):
        self.cloudwatch = self.client("cloudwatch")
        fs, service = {"FileSystemId": self.made["file_system"]}, {"ClusterName": CLUSTER, "ServiceName": SERVICE}
        self.load(fs, service)
        self.points("AWS/Lambda", "Duration", {"FunctionName": FUNCTION}, [2500], "Milliseconds")
        if self.args.monitored:
            self.points("AWS/Lambda", "Invocations", {"FunctionName": FUNCTION}, [1, 1], "Count")
        if self.args.files:
            self.points("EFSMountAutoscaling", "FileCount", {}, [self.args.files - 402, self.args.files], "Count")
        for n in range(self.args.metrics):
            self.points("Test/Many", f"Metric{n:03}", {"Number": str(n)}, [n, n + 0.5])

    def load(self, fs, service):
        """What file system, service and balancer carry."""
        self.points("AWS/EFS", "PercentIOLimit", fs, [10, 20, 30], "Percent")
        self.points("AWS/EFS", "TotalIOBytes", fs, [1024, 2048, 4096], "Bytes")
        self.points("AWS/EFS", "ClientConnections", fs, [2, 2, 2], "Count")
        self.points("AWS/EFS", "PermittedThroughput", fs, [104857600], "Bytes/Second")
        self.points("AWS/EFS", "StorageBytes", {**fs, "StorageClass": "Total"}, [6144], "Bytes")
        self.points("AWS/ECS", "CPUUtilization", service, [40, 50, 61], "Percent")
        self.points("AWS/ECS", "MemoryUtilization", service, [48], "Percent")
        if self.args.balancer:
            both = {"LoadBalancer": "app/files/50dc6c495c0c9188", "TargetGroup": "targetgroup/files/73e2d6bc24d8a067"}
            self.points("AWS/ApplicationELB", "HealthyHostCount", both, [2, 2], "Count")
            self.points("AWS/ApplicationELB", "RequestCount", both, [900, 1000], "Count")
            for seconds in (0.1, 0.2, 0.9):
                self.points("AWS/ApplicationELB", "TargetResponseTime", both, [seconds], "Seconds")

    def alarms(self):
        def alarm(name, namespace, metric, dimensions):
            self.cloudwatch.put_metric_alarm(
                AlarmName=name, Namespace=namespace, MetricName=metric, Statistic="Average", Period=60, EvaluationPeriods=1,
                Threshold=80, ComparisonOperator="GreaterThanThreshold",
                Dimensions=[{"Name": k, "Value": v} for k, v in dimensions.items()])

        fs, service = {"FileSystemId": self.made["file_system"]}, {"ClusterName": CLUSTER, "ServiceName": SERVICE}
        alarm("efs-io-limit", "AWS/EFS", "PercentIOLimit", fs)
        alarm("service-cpu", "AWS/ECS", "CPUUtilization", service)
        alarm("somebody-elses", "AWS/ECS", "CPUUtilization", {"ClusterName": "other", "ServiceName": SERVICE})
        metric = {"Namespace": "AWS/EFS", "MetricName": "TotalIOBytes", "Dimensions": [{"Name": k, "Value": v} for k, v in fs.items()]}
        self.cloudwatch.put_metric_alarm(
            AlarmName="efs-io-rate", EvaluationPeriods=1, Threshold=17895697, ComparisonOperator="GreaterThanThreshold", Metrics=[
                {"Id": "bytes", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}, "ReturnData": False},
                {"Id": "rate", "Expression": "bytes/60", "Label": "rate", "ReturnData": True}])
        self.cloudwatch.set_alarm_state(AlarmName="service-cpu", StateValue="ALARM", StateReason="61 > 60")

    def log_groups(self):
        logs = self.client("logs")
        for name in (LOG_GROUP, FUNCTION_LOG_GROUP, LOG_GROUP + "-other"):
            logs.create_log_group(logGroupName=name)
        logs.put_retention_policy(logGroupName=FUNCTION_LOG_GROUP, retentionInDays=14)
        self.lines(logs)
        if self.args.logged:
            self.logged(logs)
        self.made["log_group"] = LOG_GROUP

    def logged(self, logs):
        """What the former function logged: a count within the last minutes, and one nine minutes before, a second
        stream that is older than the first one's newest line."""
        now = int(datetime.datetime.now(datetime.timezone.utc).timestamp() * 1000)
        for stream, age, files in (("new", 120, self.args.logged), ("old", 540, self.args.logged - 402)):
            name = f"2026/01/01/[$LATEST]{stream}"
            logs.create_log_stream(logGroupName=FUNCTION_LOG_GROUP, logStreamName=name)
            at = now - age * 1000
            lines = ["START RequestId: 1", f"[INFO]\t2026-01-01T00:00:00Z\t1\tFile count result: {files} files\n", "END RequestId: 1"]
            events = [{"timestamp": at + n, "message": line} for n, line in enumerate(lines)]
            logs.put_log_events(logGroupName=FUNCTION_LOG_GROUP, logStreamName=name, logEvents=events)

    def lines(self, logs):
        """So many lines of the service, ten a second until now, from two tasks in turn."""
        now = int(datetime.datetime.now(datetime.timezone.utc).timestamp() * 1000)
        for task in range(2):
            stream, numbers = f"ecs/fargate-app/{task}", range(task, self.args.lines, 2)
            logs.create_log_stream(logGroupName=LOG_GROUP, logStreamName=stream)
            events = [{"timestamp": now - 100 * (self.args.lines - n), "message": f"line {n} of {self.args.lines}"} for n in numbers]
            if events:
                logs.put_log_events(logGroupName=LOG_GROUP, logStreamName=stream, logEvents=events)

    def make(self):
        self.log_groups()
        self.network()
        self.storage()
        self.published()
        self.cached()
        self.service()
        self.metrics()
        self.alarms()
        return self.made


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--region", required=True)
    for name, default in (("subnets", 3), ("zones", None), ("mount-targets", 2), ("tasks", 2), ("metrics", 0), ("versions", 1), ("files", 131402), ("cached", 0), ("lines", 0), ("logged", 0)):
        parser.add_argument(f"--{name}", type=int, default=default)
    for name in ("volume", "autoscaled", "balancer", "unreadable", "unpublished", "fail", "silent", "monitored"):
        parser.add_argument(f"--{name}", action="store_true")
    args = parser.parse_args()
    # One session for all: reading what it knows of AWS takes longer than making a world.
    session = boto3.Session("AKIAWORLD", "secret")
    worlds = [Maker(session, args, region).make() for region in args.region.split(",")]
    json.dump(worlds if "," in args.region else worlds[0], sys.stdout)


main()
