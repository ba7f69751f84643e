//! Amazon EC2 `DescribeSubnets`, signed by hand: `aws-sdk-ec2` costs minutes and gigabytes to build for this one
//! call. The protocol is the EC2 Query API (form in, XML out), version 2016-11-15.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::SdkAws;
use super::allow::{SUBNETS, check};
use super::causes::is_html;
use super::clients::Clients;
use super::codes::ErrorAnswer;
use super::failure;
use crate::aws::{Answer, Ec2, Page, SubnetFilter, meter};
use crate::domain::network::Subnet;
use crate::domain::source::{Failure, FailureClass};

/// Subnets a page; with ids EC2 takes no page size.
const SUBNETS_A_PAGE: &str = "200";

#[async_trait]
impl Ec2 for SdkAws {
    async fn subnets(&self, filter: &SubnetFilter, token: Option<String>) -> Answer<Page<Subnet>> {
        let clients = self.clients().await;
        check(SUBNETS.service, SUBNETS.operation).map_err(|refused| Failure {
            action: Some(SUBNETS.action.to_owned()),
            ..Failure::new(FailureClass::Refused, refused.to_string())
        })?;
        let form = form(filter, token.as_deref());
        let overall = clients.limits.overall;
        let all = tokio::time::timeout(overall, self.attempts(&clients, &form)).await;
        all.unwrap_or_else(|_| Err(named(failure::no_answer(overall))))
            .map_err(|failure| self.failed(&clients, failure))
    }
}

fn named(failure: Failure) -> Failure {
    Failure { action: failure.action.or_else(|| Some(SUBNETS.action.to_owned())), ..failure }
}

/// Whether the same call may succeed a moment later.
fn passes(class: FailureClass) -> bool {
    matches!(
        class,
        FailureClass::Throttled | FailureClass::Server | FailureClass::Unreachable | FailureClass::Timeout
    )
}

impl SdkAws {
    /// The call with its repetitions.
    async fn attempts(&self, clients: &Arc<Clients>, form: &str) -> Answer<Page<Subnet>> {
        let mut wait = clients.limits.back_off;
        let mut attempt = 1;
        loop {
            match self.attempt(clients, form).await {
                Err(failure) if attempt < clients.limits.attempts && passes(failure.class) => {
                    tracing::debug!(line = failure.line(), attempt, "DescribeSubnets is repeated");
                    tokio::time::sleep(wait).await;
                    wait *= 2;
                    attempt += 1;
                }
                answer => return answer,
            }
        }
    }

    async fn attempt(&self, clients: &Arc<Clients>, form: &str) -> Answer<Page<Subnet>> {
        let now = self.clock().now();
        let credentials = clients.credentials(now).await.map_err(|e| named(failure::no_credentials(&e)))?;
        let request =
            signed(clients, form, credentials, now.into()).map_err(|e| named(unsigned(e.as_ref())))?;
        meter::count_call();
        let exchange = async {
            let host = clients.host(SUBNETS.service);
            let response =
                clients.by_hand.call(request).await.map_err(|e| failure::dispatch(&e, &host, clients))?;
            let status = response.status().as_u16();
            let request_id = failure::request_id(&response);
            let body = body(response).await?;
            read(status, request_id, &body)
        };
        match tokio::time::timeout(clients.limits.attempt, exchange).await {
            Ok(answer) => answer.map_err(named),
            Err(_) => Err(named(failure::no_answer(clients.limits.attempt))),
        }
    }
}

fn unsigned(error: &(dyn std::error::Error + 'static)) -> Failure {
    Failure::new(FailureClass::Other, format!("the request could not be made: {error}"))
}

fn form(filter: &SubnetFilter, token: Option<&str>) -> String {
    let mut fields = vec![
        ("Action".to_owned(), SUBNETS.operation.to_owned()),
        ("Version".to_owned(), "2016-11-15".to_owned()),
    ];
    match filter {
        SubnetFilter::Vpc(id) => {
            fields.push(("Filter.1.Name".to_owned(), "vpc-id".to_owned()));
            fields.push(("Filter.1.Value.1".to_owned(), id.clone()));
            fields.push(("MaxResults".to_owned(), SUBNETS_A_PAGE.to_owned()));
        }
        SubnetFilter::Ids(ids) => {
            fields.extend(ids.iter().zip(1..).map(|(id, n)| (format!("SubnetId.{n}"), id.clone())));
        }
    }
    if let Some(token) = token {
        fields.push(("NextToken".to_owned(), token.to_owned()));
    }
    fields
        .iter()
        .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)))
        .collect::<Vec<_>>()
        .join("&")
}

type SignError = Box<dyn std::error::Error + Send + Sync>;

fn signed(
    clients: &Clients,
    form: &str,
    credentials: aws_credential_types::Credentials,
    time: std::time::SystemTime,
) -> Result<HttpRequest, SignError> {
    let endpoint = clients
        .endpoint(SUBNETS.service)
        .unwrap_or_else(|| format!("https://{}", clients.host(SUBNETS.service)));
    let url = format!("{}/", endpoint.trim_end_matches('/'));
    let content_type = "application/x-www-form-urlencoded; charset=utf-8";
    let identity = credentials.into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(&clients.region)
        .name("ec2")
        .time(time)
        .settings(SigningSettings::default())
        .build()?;
    let signable = SignableRequest::new(
        "POST",
        &url,
        std::iter::once(("content-type", content_type)),
        SignableBody::Bytes(form.as_bytes()),
    )?;
    let (instructions, _signature) = sign(signable, &params.into())?.into_parts();
    let mut request = http::Request::post(&url)
        .header("content-type", content_type)
        .header("content-length", form.len())
        .header("user-agent", concat!("miharu/", env!("CARGO_PKG_VERSION")))
        .body(SdkBody::from(form))?;
    instructions.apply_to_request_http1x(&mut request);
    Ok(HttpRequest::try_from(request)?)
}

async fn body(response: HttpResponse) -> Answer<Vec<u8>> {
    match ByteStream::new(response.into_body()).collect().await {
        Ok(bytes) => Ok(bytes.to_vec()),
        Err(e) => {
            tracing::debug!(error = ?e, "answer broke off");
            Err(failure::broken())
        }
    }
}

#[derive(Debug, Deserialize)]
struct DescribeSubnetsResponse {
    // Required: a page of something else must not read as an empty list.
    #[serde(rename = "subnetSet")]
    subnets: SubnetSet,
    #[serde(rename = "nextToken")]
    next_token: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct SubnetSet {
    #[serde(rename = "item", default)]
    items: Vec<SubnetItem>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SubnetItem {
    subnet_id: String,
    availability_zone: String,
    vpc_id: String,
    cidr_block: Option<String>,
    available_ip_address_count: Option<u32>,
}

/// `<Response><Errors><Error><Code/><Message/></Error></Errors><RequestID/></Response>`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ErrorResponse {
    errors: Errors,
    #[serde(rename = "RequestID", alias = "RequestId")]
    request_id: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Errors {
    #[serde(rename = "Error", default)]
    list: Vec<ErrorItem>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ErrorItem {
    code: String,
    message: Option<String>,
}

fn read(status: u16, request_id: Option<String>, body: &[u8]) -> Answer<Page<Subnet>> {
    let html = is_html(body);
    let text = String::from_utf8_lossy(body);
    if !(200..300).contains(&status) {
        let parsed = quick_xml::de::from_str::<ErrorResponse>(&text).ok();
        let (first, id) = parsed.map_or((None, None), |r| (r.errors.list.into_iter().next(), r.request_id));
        return Err(failure::answered(
            &SUBNETS,
            &ErrorAnswer {
                status,
                code: first.as_ref().map(|e| e.code.clone()),
                message: first.and_then(|e| e.message),
                request_id: request_id.or(id),
                html,
            },
        ));
    }
    let parsed: DescribeSubnetsResponse = quick_xml::de::from_str(&text)
        .map_err(|e| Failure { request_id, ..failure::malformed(status, html, &e.to_string()) })?;
    Ok(Page {
        items: parsed
            .subnets
            .items
            .into_iter()
            .map(|s| Subnet {
                id: s.subnet_id,
                availability_zone: s.availability_zone,
                vpc_id: s.vpc_id,
                cidr: s.cidr_block,
                free_addresses: s.available_ip_address_count,
            })
            .collect(),
        next: parsed.next_token.filter(|t| !t.is_empty()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subnets_and_the_next_page_are_read() {
        let xml = r#"<?xml version="1.0" encoding="UTF-8"?>
            <DescribeSubnetsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
              <requestId>7a62c49f</requestId>
              <subnetSet>
                <item><subnetId>subnet-1</subnetId><state>available</state><vpcId>vpc-1</vpcId>
                  <cidrBlock>10.0.1.0/24</cidrBlock><ipv6CidrBlockAssociationSet/>
                  <availableIpAddressCount>251</availableIpAddressCount>
                  <availabilityZone>ap-northeast-1a</availabilityZone>
                  <tagSet><item><key>Name</key><value>a &amp; b</value></item></tagSet></item>
                <item><subnetId>subnet-2</subnetId><vpcId>vpc-1</vpcId>
                  <availabilityZone>ap-northeast-1c</availabilityZone></item>
              </subnetSet>
              <nextToken>n2</nextToken>
            </DescribeSubnetsResponse>"#;
        let page = read(200, None, xml.as_bytes()).unwrap();
        assert_eq!(page.next.as_deref(), Some("n2"));
        assert_eq!(page.items[0].free_addresses, Some(251));
        assert_eq!((page.items[1].id.as_str(), page.items[1].cidr.as_deref()), ("subnet-2", None));
        let empty = "<DescribeSubnetsResponse><subnetSet/></DescribeSubnetsResponse>";
        assert_eq!(read(200, None, empty.as_bytes()).unwrap(), Page { items: vec![], next: None });
    }

    #[test]
    fn another_document_is_no_empty_list() {
        for body in ["<html><body>Sign in</body></html>", "<Other/>", "{}", ""] {
            let failure = read(200, None, body.as_bytes()).unwrap_err();
            assert_eq!(failure.class, FailureClass::Malformed, "{body}: {failure:?}");
        }
    }

    #[test]
    fn error_documents_are_understood() {
        let xml = "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>You are not authorized \
                   to perform this operation.</Message></Error></Errors><RequestID>ea966190</RequestID></Response>";
        let failure = read(403, None, xml.as_bytes()).unwrap_err();
        assert_eq!(failure.class, FailureClass::Denied);
        assert_eq!(
            failure.line(),
            "ec2:DescribeSubnets: access denied (UnauthorizedOperation) (missing IAM action ec2:DescribeSubnets)"
        );
        assert_eq!(failure.request_id.as_deref(), Some("ea966190"));
        let gone = "<Response><Errors><Error><Code>InvalidVpcID.NotFound</Code></Error></Errors></Response>";
        assert_eq!(read(400, None, gone.as_bytes()).unwrap_err().class, FailureClass::NotFound);
    }

    #[test]
    fn values_are_escaped_in_the_form() {
        let form = form(&SubnetFilter::Ids(vec!["subnet-1&Action=x".into(), "b".into()]), Some("a+/="));
        assert_eq!(
            form,
            "Action=DescribeSubnets&Version=2016%2D11%2D15&SubnetId.1=subnet%2D1%26Action%3Dx&SubnetId.2=b&NextToken=a%2B%2F%3D"
        );
    }
}
