"""CloudWatch Logs StartLiveTail: the event stream of a session that tells what was taken in so far, at most 500 lines
an update, and then ends as a session does after its three hours."""

import json
import struct
import zlib

from moto.backends import get_backend

from errors import ACCOUNT, AwsError

A_SAMPLE = 500


def message(headers, payload):
    """A message of the encoding application/vnd.amazon.eventstream; all headers are strings."""
    head = b"".join(
        struct.pack("!B", len(name)) + name.encode() + b"\x07" + struct.pack("!H", len(value)) + value.encode()
        for name, value in headers.items()
    )
    body = json.dumps(payload).encode()
    prelude = struct.pack("!II", 16 + len(head) + len(body), len(head))
    out = prelude + struct.pack("!I", zlib.crc32(prelude)) + head + body
    return out + struct.pack("!I", zlib.crc32(out))


def event(kind, payload):
    return message({":message-type": "event", ":event-type": kind, ":content-type": "application/json"}, payload)


def answer(start, region, i):
    arns = i["logGroupIdentifiers"]
    if not 1 <= len(arns) <= 10 or not all(arn.startswith("arn:") and not arn.endswith(":*") for arn in arns):
        raise AwsError("InvalidParameterException", "logGroupIdentifiers must be 1 to 10 ARNs of log groups.")
    results = []
    for name in (arn.split(":log-group:", 1)[1] for arn in arns):
        group = get_backend("logs")[ACCOUNT][region].groups.get(name)
        if group is None:
            raise AwsError("ResourceNotFoundException", "The specified log group does not exist.")
        results += [
            {"logStreamName": s.log_stream_name, "logGroupIdentifier": f"{ACCOUNT}:{name}", "message": e.message, "timestamp": e.timestamp, "ingestionTime": int(e.ingestion_time)}
            for s in group.streams.values() for e in s.events
        ]
    update = {"sessionMetadata": {"sampled": len(results) > A_SAMPLE}, "sessionResults": results[:A_SAMPLE]}
    timeout = {":message-type": "exception", ":exception-type": "SessionTimeoutException", ":content-type": "application/json"}
    out = b"".join([
        event("initial-response", {}),
        event("sessionStart", {"requestId": "r", "sessionId": "s", "logGroupIdentifiers": arns}),
        event("sessionUpdate", update),
        event("sessionUpdate", {"sessionMetadata": {"sampled": False}, "sessionResults": []}),
        message(timeout, {"message": "The session has lasted three hours."}),
    ])
    start("200 OK", [("Content-Type", "application/vnd.amazon.eventstream"), ("Content-Length", str(len(out)))])
    return [out]
