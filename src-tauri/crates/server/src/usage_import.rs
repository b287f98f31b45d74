//! `usage import`: usage records from a CSV file.

use crate::arguments::{ImportFlags, UsageCommand};
use crate::failure::Failure;
use crate::{data, output};
use reeve_engine::Cx;
use reeve_engine::import::{Field, ImportReport, ImportState, ImportUsage, Mapping, Source};
use std::collections::BTreeMap;

/// What a record is made of, and whether it must be mapped.
const FIELDS: [(&str, bool); 7] = [
    ("time", true),
    ("input_tokens", true),
    ("output_tokens", true),
    ("cache_read_tokens", false),
    ("model", true),
    ("provider", false),
    ("tenant", true),
];

pub(crate) async fn run(command: UsageCommand) -> Result<(), Failure> {
    let UsageCommand::Import(flags) = command;
    let mapping = mapping(&flags)?;
    let name = flags
        .file
        .file_name()
        .map_or_else(|| "usage.csv".to_owned(), |name| name.to_string_lossy().into_owned());
    let import = ImportUsage { name, source: Source::Path(flags.file), mapping, preview: flags.preview };
    let engine = data::open(flags.folder.data).await?;
    let report = Box::pin(engine.import_usage(&Cx::cli(), import)).await;
    engine.close().await;
    tell(&report?)
}

fn mapping(flags: &ImportFlags) -> Result<Mapping, Failure> {
    let mut fields: BTreeMap<&str, Field> = BTreeMap::new();
    let columns = flags.map.iter().map(|pair| (pair, Field::Column as fn(String) -> Field));
    let values = flags.set.iter().map(|pair| (pair, Field::Value as fn(String) -> Field));
    for (pair, make) in columns.chain(values) {
        let (name, value) =
            pair.split_once('=').ok_or_else(|| wrong(&format!("\"{pair}\" is not FIELD=NAME")))?;
        let known = FIELDS.iter().any(|(field, _)| *field == name);
        if !known || value.is_empty() {
            return Err(wrong(&format!("\"{pair}\" maps nothing; fields are {}", names())));
        }
        if fields.insert(name, make(value.to_owned())).is_some() {
            return Err(wrong(&format!("{name} is mapped twice")));
        }
    }
    let missing: Vec<_> = FIELDS
        .iter()
        .filter(|(name, needed)| *needed && !fields.contains_key(name))
        .map(|(n, _)| *n)
        .collect();
    if !missing.is_empty() {
        return Err(wrong(&format!("say where {} come from, with --map or --set", missing.join(", "))));
    }
    let mut take = |name: &str| fields.remove(name);
    let mut needed = |name: &str| take(name).ok_or_else(|| wrong(&format!("{name} is not mapped")));
    Ok(Mapping {
        time: needed("time")?,
        input_tokens: needed("input_tokens")?,
        output_tokens: needed("output_tokens")?,
        model: needed("model")?,
        tenant: needed("tenant")?,
        cache_read_tokens: take("cache_read_tokens"),
        provider: take("provider"),
    })
}

fn names() -> String {
    FIELDS.map(|(name, _)| name).join(", ")
}

fn wrong(what: &str) -> Failure {
    Failure::Setting(what.to_owned())
}

fn tell(report: &ImportReport) -> Result<(), Failure> {
    if report.state == ImportState::Rejected {
        for error in &report.errors {
            let column =
                error.column.as_ref().map_or_else(String::new, |column| format!(", column {column}"));
            output::line(&format!("line {}{column}: {}", error.line, error.message))?;
        }
        return Err(Failure::WrongRows(report.error_count));
    }
    let verb = if report.state == ImportState::Preview { "Would import" } else { "Imported" };
    let known = if report.duplicate_rows > 0 {
        format!(", {} known already", report.duplicate_rows)
    } else {
        String::new()
    };
    output::line(&format!(
        "{verb} {} of {} rows{known}; they cost ${}.",
        report.new_rows, report.rows, report.cost
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arguments::DataFlag;

    fn read(map: &[&str], set: &[&str]) -> Result<Mapping, Failure> {
        let owned = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect();
        let folder = DataFlag { data: "d".into() };
        mapping(&ImportFlags { folder, file: "f".into(), map: owned(map), set: owned(set), preview: false })
    }

    #[test]
    fn columns_and_values_make_a_mapping() {
        let read =
            read(&["time=When", "input_tokens=In", "output_tokens=Out"], &["model=gpt-4o", "tenant=acme"])
                .unwrap();
        assert_eq!(read.time, Field::Column("When".into()));
        assert_eq!(read.model, Field::Value("gpt-4o".into()));
        assert_eq!(read.provider, None);
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        let said = |result: Result<Mapping, Failure>| result.unwrap_err().to_string();
        assert!(said(read(&["time=T"], &[])).contains("input_tokens, output_tokens, model, tenant"));
        assert!(said(read(&["tiem=T"], &[])).contains("tiem=T"));
        assert!(said(read(&["time"], &[])).contains("FIELD=NAME"));
        assert!(said(read(&["time=T"], &["time=now"])).contains("twice"));
    }
}
