"""awspeer: an AWS endpoint on loopback for tests: moto, plus what moto lacks for miharu.

  python3 tests/awspeer [--port 5055] [--speed 1.0] [--seed 0] [--until-stdin-closes]

Prints "ready PORT" when it answers; port 0 takes a free one. Everything goes to moto
(https://docs.getmoto.org) except:
- CloudWatch over Smithy RPC v2 CBOR, the protocol of the Rust SDK, is translated to and from moto's JSON, and
  GetMetricData is computed here: aligned periods, percentiles, pages (cloudwatch.py).
- ECS services and tasks are run by a scheduler: tasks walk PROVISIONING -> PENDING -> ACTIVATING -> RUNNING,
  deployments roll, end COMPLETED, or FAILED by the circuit breaker and are rolled back (ecs.py).
- EFS mount targets are "creating" for a while (20 s / speed), and "deleting" (10 s / speed); UpdateFileSystem
  works; a size can be set.
- EC2 DescribeSubnets and CloudWatch Logs FilterLogEvents have pages (of the latter some empty); Application Auto Scaling knows the scheduler's services (others.py).
- CloudWatch Logs StartLiveTail streams what was taken in so far, and ends (live_tail.py).
- Faults, expired access keys and a record of every call, each by region (doors.py):
    POST   /_peer/faults?region=R   {"ecs.DescribeServices": {"status": 400, "code": "ThrottlingException", "times": 3},
                                     "efs.*": {"delay": 5, "times": 1},
                                     "ssm.*": {"garbage": true, "times": 2},            a web page instead of an answer
                                     "*": {"cut": true},                               dropped in the middle of the body
                                     "efs.CreateMountTarget": {"lose": true},          done, but the answer is lost
                                     "ssm.PutParameter": {"hold": 60},                 done, and answered when the faults
                                                                                       are set anew, or 60 s later
                                     "ecs.UpdateService": {"then": {"*": …}}}          from this call on these faults
    GET    /_peer/calls?region=R    [{"t", "region", "service", "operation", "status", "key", "input"}]
    DELETE /_peer/calls?region=R    the same, and forgets them
    POST   /_peer/keys              {"expired": ["AKIA…"]}
    POST   /_peer/tasks/stop?region=R  {"n": 1, "exit_code": 137, "reason": "OutOfMemoryError"}
    POST   /_peer/efs/size?region=R    {"file_system": "fs-…", "bytes": 6144}
    POST   /_peer/pages             {"datapoints": 100800, "subnets": 200, "log_events": 10000}
  "times" is 1 where it is not given; a fault without end has a large one. Without ?region= a fault is every
  region's.

--speed makes ECS and EFS run faster than life. The Python packages are in $AWSPEER_VENV (default
~/.cache/awspeer-venv), which is made at the first start.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import environment

environment.enter()

import argparse
import logging
import signal
import threading

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from doors import Peer


def until_stdin_closes():
    """Ends with whoever started this, however that ended."""
    while os.read(0, 4096):
        pass
    os._exit(0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=5055)
    parser.add_argument("--speed", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--until-stdin-closes", action="store_true")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    if args.until_stdin_closes:
        threading.Thread(target=until_stdin_closes, daemon=True).start()
    peer = Peer(DomainDispatcherApplication(create_backend_app), args.speed, args.seed)
    server = make_server("127.0.0.1", args.port, peer, threaded=True, request_handler=MotoRequestHandler)
    server.daemon_threads = True
    print(f"ready {server.server_port}", flush=True)
    server.serve_forever()


main()
