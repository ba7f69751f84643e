"""An error answer, in the protocol of the service that is asked."""

import json
import uuid
from xml.sax.saxutils import escape

import cbor2

ACCOUNT = "123456789012"
CBOR_PREFIX = "/service/GraniteServiceVersion20100801/operation/"


class AwsError(Exception):
    def __init__(self, code, message, status=400):
        super().__init__(message)
        self.code, self.status = code, status


def encode(service, path, error):
    """Content type and body."""
    code, message, ident = error.code, str(error), str(uuid.uuid4())
    if path.startswith(CBOR_PREFIX):
        return "application/cbor", cbor2.dumps({"__type": code, "message": message})
    if service == "ec2":
        text = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
        text = f"<Response><Errors><Error>{text}</Error></Errors><RequestID>{ident}</RequestID></Response>"
        return "text/xml;charset=UTF-8", ('<?xml version="1.0" encoding="UTF-8"?>' + text).encode()
    if service == "sts":
        text = f"<Type>Sender</Type><Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
        namespace = "https://sts.amazonaws.com/doc/2011-06-15/"
        text = f'<ErrorResponse xmlns="{namespace}"><Error>{text}</Error><RequestId>{ident}</RequestId></ErrorResponse>'
        return "text/xml", text.encode()
    value = {"__type": code, "message": message, "ErrorCode": code, "Message": message}
    return "application/x-amz-json-1.1", json.dumps(value).encode()


def expired(service):
    """What each service answers to an expired token."""
    message = "The security token included in the request is expired"
    if service == "ec2":
        return AwsError("RequestExpired", "Request has expired.", 400)
    if service == "sts":
        return AwsError("ExpiredToken", message, 403)
    return AwsError("ExpiredTokenException", message, 403 if service == "efs" else 400)
