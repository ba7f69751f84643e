//! Values of an operation that is to be sent: all of them must be known by then.

use crate::domain::request::{ListEntry, Value, published_text};
use crate::domain::source::{Failure, FailureClass};

/// A value that is known.
///
/// # Errors
/// It is still to be born: the operation was not filled, and does not leave.
pub(crate) fn known(value: &Value) -> Result<&str, Failure> {
    match value {
        Value::Known(value) => Ok(value),
        Value::Born { .. } => {
            let text = format!("{value} is not known yet, so the call was not made");
            Err(Failure::new(FailureClass::Refused, text))
        }
    }
}

/// The text of the published parameter: as it was given, else the entries as they are shown.
///
/// # Errors
/// As [`known`].
pub(crate) fn published(entries: &[ListEntry], text: Option<&str>) -> Result<String, Failure> {
    if let Some(text) = text {
        return Ok(text.to_owned());
    }
    for entry in entries {
        known(&entry.mount_target_id)?;
        known(&entry.ip_address)?;
    }
    Ok(published_text(entries))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: Value) -> ListEntry {
        ListEntry {
            mount_target_id: id,
            ip_address: Value::Known("10.0.1.100".into()),
            availability_zone: "ap-northeast-1a".into(),
            subnet_id: "subnet-12345678".into(),
        }
    }

    #[test]
    fn a_list_is_written_as_tasks_have_always_been_given_it() {
        let text = published(&[entry(Value::Known("fsmt-12345678".into()))], None).unwrap();
        assert_eq!(
            text,
            r#"{"mount_targets": [{"mount_target_id": "fsmt-12345678", "ip_address": "10.0.1.100", "availability_zone": "ap-northeast-1a", "subnet_id": "subnet-12345678"}]}"#
        );
        assert_eq!(published(&[], None).unwrap(), r#"{"mount_targets": []}"#);
        assert_eq!(published(&[], Some("{ }")).unwrap(), "{ }", "byte for byte");
    }

    #[test]
    fn nothing_unborn_is_published() {
        let unborn = entry(Value::Born { step: 1, output: "mount_target_id".into() });
        let failure = published(&[unborn], None).unwrap_err();
        assert_eq!(failure.class, FailureClass::Refused);
        assert_eq!(failure.text, "<mount_target_id of step 1> is not known yet, so the call was not made");
    }
}
