//! The forms of names and ids. One pattern serves the check and the JSON schema.

use regex::Regex;

use super::error::{self, Wrong};

/// What a piece of text has to look like.
#[derive(Debug)]
pub(super) struct Form {
    /// In words: "a file system id".
    pub(super) what: &'static str,
    /// Regular expression over the whole text; also in the schema.
    pub(super) pattern: &'static str,
    /// A valid one.
    pub(super) example: &'static str,
}

/// Statistics by name.
const STATISTICS: [&str; 5] = ["Average", "Sum", "Minimum", "Maximum", "SampleCount"];

impl Form {
    /// Checks `text`.
    pub(super) fn check(&self, text: &str) -> Result<(), Wrong> {
        if self.fits(text) {
            return Ok(());
        }
        Err(Wrong { nearest: self.nearest(text), ..Wrong::new(self.expects()) })
    }

    fn fits(&self, text: &str) -> bool {
        Regex::new(self.pattern).is_ok_and(|r| r.is_match(text))
    }

    /// What was most likely meant: the usual slips undone, if that gives a valid text.
    fn nearest(&self, text: &str) -> Option<String> {
        let plain = text.trim();
        let lower = plain.to_lowercase();
        let arn = plain.starts_with("arn:");
        let after = |mark: &str| plain.split_once(mark).filter(|_| arn).map(|(_, end)| end.to_owned());
        let slips = [
            Some(plain.to_owned()),
            Some(lower.clone()),
            Some(lower.replace('_', "-")),
            after(":loadbalancer/"),
            after(":log-group:").map(|name| name.trim_end_matches(":*").to_owned()),
            plain.find("targetgroup/").filter(|_| arn).map(|i| plain[i..].to_owned()),
            plain.rsplit(['/', ':']).next().filter(|_| arn).map(str::to_owned),
            Some(format!("http://{plain}")).filter(|_| !plain.contains("://")),
            Some(plain.split_whitespace().collect::<Vec<_>>().join("-")),
            error::nearest(plain, STATISTICS),
        ];
        slips.into_iter().flatten().find(|t| t != text && self.fits(t)).filter(|t| !t.contains('@'))
    }

    /// What is expected, with an example.
    pub(super) fn expects(&self) -> String {
        format!("{} such as \"{}\"", self.what, self.example)
    }
}

macro_rules! forms {
    ($($name:ident = $what:literal, $pattern:literal, $example:literal;)*) => {
        $(pub(super) static $name: Form = Form { what: $what, pattern: $pattern, example: $example };)*
        /// All, for the test that holds patterns against examples.
        #[cfg(test)]
        static ALL: &[&Form] = &[$(&$name),*];
    };
}

forms! {
    ENVIRONMENT = "a name of 1 to 40 characters without spaces", r"^[^\s\x00-\x1f\x7f]{1,40}$", "prod";
    THEME = "the name of a theme", r"^[A-Za-z0-9][A-Za-z0-9._-]*$", "dark";
    KEYMAP = "the name of a keymap", r"^[A-Za-z0-9][A-Za-z0-9._-]*$", "vim";
    REGION = "a region", "^[a-z]{2,}(-[a-z]+)+-[0-9]+$", "ap-northeast-1";
    PROFILE = "a profile of the AWS configuration", r"^\S(.*\S)?$", "ops";
    ENDPOINT = "an http or https URL", r"^https?://[^\s/]+(/\S*)?$", "http://127.0.0.1:5000";
    ACCOUNT = "an account id of 12 digits", "^[0-9]{12}$", "123456789012";
    FILE_SYSTEM = "a file system id", "^fs-[0-9a-f]{8,40}$", "fs-0123456789abcdef0";
    VPC = "a VPC id", "^vpc-[0-9a-f]{8,40}$", "vpc-0123456789abcdef0";
    SECURITY_GROUP = "a security group id", "^sg-[0-9a-f]{8,40}$", "sg-0123456789abcdef0";
    PARAMETER = "the name of an SSM parameter", "^/?[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$",
        "/efs-mount-autoscaling/mount-targets";
    CACHE = "the name of an SSM parameter", "^/?[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$",
        "/efs-mount-autoscaling/file-count";
    CLUSTER = "the name (not the ARN) of an ECS cluster", "^[A-Za-z0-9_-]{1,255}$",
        "efs-mount-autoscaling-cluster";
    SERVICE = "the name (not the ARN) of an ECS service", "^[A-Za-z0-9_-]{1,255}$",
        "efs-mount-autoscaling-fargate-service";
    FUNCTION = "the name (not the ARN) of a Lambda function", "^[A-Za-z0-9_-]{1,64}$",
        "efs-mount-autoscaling-file-monitor";
    LOAD_BALANCER = "the LoadBalancer dimension, the end of its ARN", "^(app|net|gwy)/[A-Za-z0-9-]+/[0-9a-f]+$",
        "app/hakaru/50dc6c495c0c9188";
    TARGET_GROUP = "the TargetGroup dimension, the end of its ARN", "^targetgroup/[A-Za-z0-9-]+/[0-9a-f]+$",
        "targetgroup/hakaru/73e2d6bc24d8a067";
    LOG_GROUP = "the name (not the ARN) of a log group", r"^[A-Za-z0-9_/.#-]{1,512}$",
        "/ecs/efs-mount-autoscaling-fargate";
    SCALING_GROUP = "the name of an Auto Scaling group", r"^[^\s:]+$", "hakaru";
    DB_INSTANCE = "the identifier of an RDS instance", "^[A-Za-z][A-Za-z0-9-]{0,62}$", "hakaru";
    VARIABLE = "the name of an environment variable", "^[A-Za-z_][A-Za-z0-9_]*$", "HAKARU_DATASOURCENAME";
    METRICS = "an http URL without a password", r"^https?://[^\s/@]+(/[^\s]*)?$", "http://127.0.0.1:8081/metrics";
    NAMESPACE = "a CloudWatch namespace", r"^[A-Za-z0-9./#:_-]+( +[A-Za-z0-9./#:_-]+)*$", "AWS/EFS";
    METRIC = "the name of a CloudWatch metric", r"^[\x21-\x7e]([\x20-\x7e]{0,253}[\x21-\x7e])?$", "ClientConnections";
    STATISTIC = "Average, Sum, Minimum, Maximum, SampleCount or a percentile",
        r"^(Average|Sum|Minimum|Maximum|SampleCount|p([0-9]{1,2}(\.[0-9]{1,2})?|100))$", "p99";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_example_has_its_form() {
        for form in ALL {
            assert!(Regex::new(form.pattern).is_ok(), "{}", form.pattern);
            assert_eq!(form.check(form.example), Ok(()), "{}", form.what);
            assert!(form.check(" ").is_err(), "{}", form.what);
            assert!(form.check("").is_err(), "{}", form.what);
        }
    }
}
