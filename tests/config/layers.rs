//! Defaults, file, variables and flags: which wins, and what is said about where it came from.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use miharu::config::{self, Inputs, Loaded, Origin, Overrides, deployment};
use miharu::domain::snapshot::Mode;
use miharu::domain::source::SourceId;

const FILE: &str = r#"
theme = "light"
poll.ecs = "20s"

[[environment]]
name = "prod"
region = "ap-northeast-1"
files = { threshold = 5_000, sources = ["ssm", "path"] }

[environment.poll]
efs = "40s"

[[environment.metric]]
namespace = "AWS/EFS"
name = "ClientConnections"
dimensions = { FileSystemId = "fs-12345678" }

[[environment]]
name = "prod-tokyo"
mode = "approve"
"#;

fn variables(list: &[(&str, &str)]) -> BTreeMap<String, String> {
    list.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

fn inputs(file: &str, list: &[(&str, &str)]) -> Inputs {
    Inputs {
        file: Some((PathBuf::from("config.toml"), file.to_owned())),
        variables: variables(list),
        ..Inputs::default()
    }
}

fn load(file: &str, list: &[(&str, &str)]) -> Loaded {
    config::load(&inputs(file, list)).unwrap_or_else(|e| panic!("{e}"))
}

fn error(file: &str, list: &[(&str, &str)]) -> String {
    config::load(&inputs(file, list)).unwrap_err().to_string()
}

fn line(line: usize, column: usize) -> Origin {
    Origin::File { path: "config.toml".into(), position: Some((line, column)) }
}

#[test]
fn nothing_at_all_is_not_an_error() {
    let loaded = config::load(&Inputs::default()).unwrap();
    assert!(loaded.config.environments.is_empty());
    assert!(loaded.origins.is_empty());
    assert_eq!((loaded.config.theme.as_str(), loaded.config.keymap.as_str()), ("dark", "default"));
    assert!(loaded.config.prices.contains_key("ap-northeast-1"));
    loaded.theme().unwrap();
    loaded.keymap().unwrap();
}

#[test]
fn a_file_is_taken_with_its_places() {
    let loaded = load(FILE, &[]);
    let [prod, tokyo] = loaded.config.environments.as_slice() else { panic!("two environments") };
    assert_eq!(loaded.config.theme, "light");
    assert_eq!(loaded.origin("theme"), &line(2, 9));
    assert_eq!((prod.files.threshold, tokyo.files.threshold), (5_000, 100_000));
    assert_eq!(loaded.origin("environment.prod.files.threshold"), &line(8, 23));
    assert_eq!(loaded.origin("environment.prod-tokyo.files.threshold"), &Origin::Default);
    assert_eq!(tokyo.mode, Mode::Approve);
    assert_eq!(prod.metrics[0].key.dimensions["FileSystemId"], "fs-12345678");
    assert_eq!((prod.metrics[0].period_s, prod.metrics[0].key.statistic.as_str()), (60, "Average"));
}

#[test]
fn the_top_level_period_holds_where_an_environment_has_none() {
    let loaded = load(&FILE.replace("efs = \"40s\"", "ecs = \"40s\""), &[("MIHARU_POLL__EFS", "50s")]);
    let [prod, tokyo] = loaded.config.environments.as_slice() else { panic!("two environments") };
    assert_eq!(prod.every(SourceId::ECS), Duration::from_secs(40));
    assert_eq!(tokyo.every(SourceId::ECS), Duration::from_secs(20));
    assert_eq!(tokyo.every(SourceId::EFS), Duration::from_secs(50));
    assert_eq!(tokyo.every(SourceId::SSM), Duration::from_secs(15));
    assert_eq!(loaded.origin("environment.prod-tokyo.poll.ecs"), &line(3, 12));
    assert_eq!(
        loaded.origin("environment.prod-tokyo.poll.efs"),
        &Origin::Variable("MIHARU_POLL__EFS".into())
    );
}

#[test]
fn later_layers_win() {
    let list = [
        ("MIHARU_THEME", "contrast"),
        ("MIHARU_READ_ONLY", "true"),
        ("MIHARU_ENVIRONMENT__PROD_TOKYO__FILES__SOURCES", "cloudwatch, ssm"),
        ("MIHARU_ENVIRONMENT__PROD__REGION", "eu-west-1"),
        ("MIHARU_LANG", ""),
        ("UNRELATED", "x"),
    ];
    let mut inputs = inputs(FILE, &list);
    let loaded = config::load(&inputs).unwrap();
    assert_eq!(loaded.config.theme, "contrast");
    assert!(loaded.config.read_only);
    assert_eq!(loaded.origin("theme"), &Origin::Variable("MIHARU_THEME".into()));
    assert_eq!(loaded.config.environments[0].region.as_deref(), Some("eu-west-1"));
    assert_eq!(loaded.config.environments[1].files.sources.len(), 2);
    inputs.overrides = Overrides {
        theme: Some("mono".into()),
        region: Some("us-east-1".into()),
        environment: Some("prod-tokyo".into()),
        low_bandwidth: true,
        ambiguous: Some("wide".into()),
        shapes: Some("ascii".into()),
        mask: true,
        ..Overrides::default()
    };
    let loaded = config::load(&inputs).unwrap();
    let names: Vec<_> = loaded.config.environments.iter().map(|e| e.name.as_str()).collect();
    assert_eq!(names, ["prod-tokyo", "prod"]);
    assert!(loaded.config.environments.iter().all(|e| e.region.as_deref() == Some("us-east-1")));
    assert_eq!(loaded.config.theme, "mono");
    assert_eq!(loaded.origin("environment.prod.region"), &Origin::Flag("--region"));
    assert_eq!(loaded.origin("low_bandwidth"), &Origin::Flag("--low-bandwidth"));
    assert!(loaded.config.low_bandwidth);
    assert_eq!((loaded.config.ambiguous.as_str(), loaded.config.shapes.as_str()), ("wide", "ascii"));
    assert!(loaded.config.mask);
}

#[test]
fn a_wrong_variable_names_itself() {
    for (variable, value, said) in [
        ("MIHARU_TEHME", "dark", "nearest   MIHARU_THEME"),
        ("MIHARU_AMBIGUOUS", "wyde", "nearest   wide"),
        ("MIHARU_POLL__ESC", "5s", "nearest   MIHARU_POLL__ECS"),
        ("MIHARU_POLL__ECS", "1s", "poll.ecs = \"1s\""),
        ("MIHARU_LANG", "jp", "set MIHARU_LANG=ja"),
        ("MIHARU_READ_ONLY", "yes", "set MIHARU_READ_ONLY=true"),
        ("MIHARU_ENVIRONMENT__PORD__MODE", "auto", "nearest   MIHARU_ENVIRONMENT__PROD__MODE"),
        ("MIHARU_ENVIRONMENT__PROD__NAME", "x", "expected  MIHARU_ENVIRONMENT__NAME__KEY"),
        ("MIHARU_ENVIRONMENT__PROD__FILES__THRESHOLD", "lots", "environment.prod.files.threshold = \"lots\""),
        ("MIHARU_ENVIRONMENT", "prodd", "nearest   prod"),
    ] {
        let error = error(FILE, &[(variable, value)]);
        assert!(
            error.contains(&format!("variable {variable}")) && error.contains(said),
            "{variable}: {error}"
        );
    }
}

#[test]
fn a_file_that_is_not_toml_is_the_only_mistake() {
    let inputs = inputs("theme = ", &[("MIHARU_ENVIRONMENT__PROD__MODE", "auto"), ("MIHARU_LANG", "jp")]);
    let error = config::load(&inputs).unwrap_err();
    assert_eq!(error.mistakes.len(), 1, "{error}");
}

#[test]
fn a_variable_of_two_environments_is_refused() {
    let file = "[[environment]]\nname = \"a-b\"\n[[environment]]\nname = \"a_b\"\n";
    let error = error(file, &[("MIHARU_ENVIRONMENT__A_B__MODE", "auto")]);
    assert!(error.contains("environment.a-b.mode and environment.a_b.mode"), "{error}");
}

#[test]
fn wrong_flags_name_themselves_once() {
    for (overrides, said) in [
        (
            Overrides { region: Some("tokyo".into()), ..Overrides::default() },
            "--region: environment.prod.region",
        ),
        (Overrides { environment: Some("prdo".into()), ..Overrides::default() }, "nearest   prod"),
        (Overrides { theme: Some("a/b".into()), ..Overrides::default() }, "--theme: theme = \"a/b\""),
        (Overrides { lang: Some("jp".into()), ..Overrides::default() }, "give --lang ja"),
    ] {
        let error = config::load(&Inputs { overrides, ..inputs(FILE, &[]) }).unwrap_err();
        assert_eq!(error.mistakes.len(), 1, "{error}");
        assert!(error.to_string().contains(said), "{error}");
    }
    let overrides = Overrides { environment: Some("prod".into()), ..Overrides::default() };
    let error = config::load(&Inputs { overrides, ..Inputs::default() }).unwrap_err().to_string();
    assert!(error.contains("none is configured") && error.contains("miharu demo"), "{error}");
}

#[test]
fn a_theme_that_does_not_exist_is_a_mistake_where_it_was_named() {
    let error = load("theme = \"drak\"", &[]).theme().unwrap_err().to_string();
    assert!(error.contains("config.toml:1:9: theme = \"drak\"\n"), "{error}");
    assert!(error.contains("nearest   dark\n"), "{error}");
    let error = load("", &[("MIHARU_KEYMAP", "vmi")]).keymap().unwrap_err().to_string();
    assert!(error.contains("variable MIHARU_KEYMAP: keymap = \"vmi\"\n"), "{error}");
    assert!(error.contains("nearest   vim\n"), "{error}");
}

/// Each variable of an existing deployment with a value and the key it stands for.
const DEPLOYMENT: &[(&str, &str, &str)] = &[
    ("TARGET_DIRECTORY", "/mnt/efs", "files.directory"),
    ("FILE_COUNT_THRESHOLD", "2000", "files.threshold"),
    ("EFS_FILE_SYSTEM_ID", "fs-0123456789abcdef0", "file_system.id"),
    ("VPC_ID", "vpc-0123456789abcdef0", "vpc_id"),
    ("SECURITY_GROUP_ID", "sg-0123456789abcdef0", "security_group_id"),
    ("SSM_PARAMETER_NAME", "/own/list", "published.parameter"),
    ("ECS_CLUSTER_NAME", "own-cluster", "service.cluster"),
    ("ECS_SERVICE_NAME", "own-service", "service.name"),
    ("HAKARU_DATASOURCENAME", "root:password@tcp(127.0.0.1:13306)/hakaru", "hakaru.datasource"),
];

#[test]
fn the_variables_of_a_deployment_form_one_environment() {
    assert_eq!(DEPLOYMENT.len(), deployment::VARIABLES.len());
    let list: Vec<_> = DEPLOYMENT.iter().map(|(variable, value, _)| (*variable, *value)).collect();
    let loaded = load("", &list);
    let [environment] = loaded.config.environments.as_slice() else { panic!("one environment") };
    assert_eq!(environment.name, "default");
    assert_eq!(environment.files.directory.as_deref(), Some("/mnt/efs".as_ref()));
    assert_eq!(environment.files.threshold, 2000);
    assert_eq!(environment.file_system_id.as_deref(), Some("fs-0123456789abcdef0"));
    assert_eq!(environment.vpc_id.as_deref(), Some("vpc-0123456789abcdef0"));
    assert_eq!(environment.security_group_id.as_deref(), Some("sg-0123456789abcdef0"));
    assert_eq!(environment.published_parameter, "/own/list");
    assert_eq!(environment.cluster.as_deref(), Some("own-cluster"));
    assert_eq!(environment.service.as_deref(), Some("own-service"));
    assert_eq!(environment.datasource.as_ref().unwrap().url, "mysql://root:password@127.0.0.1:13306/hakaru");
    for (variable, _, key) in DEPLOYMENT {
        let origin = loaded.origin(&format!("environment.default.{key}"));
        assert_eq!(origin, &Origin::Variable((*variable).into()), "{key}");
    }
}

#[test]
fn what_a_deployment_does_not_say_is_what_its_functions_assume() {
    let loaded = load("", &[("EFS_FILE_SYSTEM_ID", "fs-12345678"), ("VPC_ID", "")]);
    let [environment] = loaded.config.environments.as_slice() else { panic!("one environment") };
    assert_eq!(environment.files.directory.as_deref(), Some("/data".as_ref()));
    assert_eq!(environment.files.threshold, 100_000);
    assert_eq!(environment.published_parameter, "/efs-mount-autoscaling/mount-targets");
    assert_eq!(environment.cluster.as_deref(), Some("efs-mount-autoscaling-cluster"));
    assert_eq!(environment.service.as_deref(), Some("efs-mount-autoscaling-fargate-service"));
    assert_eq!((environment.vpc_id.as_ref(), environment.datasource.as_ref()), (None, None));
}

#[test]
fn a_deployment_stands_beside_the_file_and_never_alters_it() {
    let without = load(FILE, &[]);
    let with = load(FILE, &[("FILE_COUNT_THRESHOLD", "7"), ("MIHARU_ENVIRONMENT__DEFAULT__MODE", "auto")]);
    assert_eq!(with.config.environments[..2], without.config.environments[..]);
    assert_eq!(with.config.environments[2].name, "default");
    assert_eq!(
        (with.config.environments[2].files.threshold, with.config.environments[2].mode),
        (7, Mode::Auto)
    );
    let error = error(
        "[[environment]]\nname = \"default\"\n",
        &[("VPC_ID", "vpc-12345678"), ("TARGET_DIRECTORY", "/x")],
    );
    assert!(error.contains("TARGET_DIRECTORY, VPC_ID form an environment of that name"), "{error}");
    let own = load("[[environment]]\nname = \"default\"\n", &[("MIHARU_ENVIRONMENT__DEFAULT__MODE", "auto")]);
    assert_eq!((own.config.environments.len(), own.config.environments[0].cluster.as_ref()), (1, None));
}

#[test]
fn wrong_variables_of_a_deployment_name_themselves() {
    let error = error("", &[("FILE_COUNT_THRESHOLD", "0"), ("VPC_ID", "VPC-12345678")]);
    assert!(
        error.contains("variable FILE_COUNT_THRESHOLD: environment.default.files.threshold = \"0\""),
        "{error}"
    );
    assert!(error.contains("nearest   vpc-12345678"), "{error}");
}

#[test]
fn a_password_may_stay_out_of_the_file() {
    let file = "[[environment]]\nname = \"prod\"\nhakaru.datasource_env = \"HAKARU_DATASOURCENAME\"\n";
    let loaded = load(file, &[("HAKARU_DATASOURCENAME", "u:p@tcp(db)/h")]);
    let [environment] = loaded.config.environments.as_slice() else { panic!("no second environment") };
    assert_eq!(environment.datasource.as_ref().unwrap().url, "mysql://u:p@db:3306/h");
    let own = ("MIHARU_ENVIRONMENT__PROD__HAKARU__DATASOURCE", "mysql://own/h");
    let loaded = load(file, &[("HAKARU_DATASOURCENAME", "u:p@tcp(db)/h"), own]);
    assert_eq!(loaded.config.environments[0].datasource.as_ref().unwrap().url, "mysql://own/h");
    let error = error(file, &[]);
    assert!(error.contains("config.toml:3:25: environment.prod.hakaru.datasource_env"), "{error}");
}

#[test]
fn a_users_price_stands_over_the_built_in_one() {
    let file = "[prices.\"ap-northeast-1\"]\nas_of = \"2026-11-19\"\nusd = { cloudwatch_request = 1 }\n";
    let loaded = load(file, &[]);
    let list = &loaded.config.prices["ap-northeast-1"];
    assert_eq!((list.as_of.as_str(), list.usd["cloudwatch_request"]), ("2026-11-19", 1.0));
    assert!((list.usd["cloudwatch_metric_requested"] - 0.00001).abs() < 1e-12);
}

#[test]
fn a_named_file_has_to_be_there() {
    let error = config::gather(Some("/nonexistent/miharu.toml".as_ref()), Overrides::default()).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("--config = \"/nonexistent/miharu.toml\"") && text.contains("remedy"), "{text}");
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("own.toml");
    std::fs::write(&path, "theme = \"light\"").unwrap();
    let inputs = config::gather(Some(&path), Overrides::default()).unwrap();
    assert_eq!(inputs.file, Some((path, "theme = \"light\"".into())));
}
