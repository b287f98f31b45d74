//! Which column of the file is what.

use crate::error::{Error, FieldError};

/// Where a value comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Field {
    /// A column of the file, by its heading.
    Column(String),
    /// The same value for every row.
    Value(String),
}

/// Which column of the file is what.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mapping {
    /// Time of the call.
    pub time: Field,
    /// Prompt tokens, those of a cache included.
    pub input_tokens: Field,
    /// Generated tokens.
    pub output_tokens: Field,
    /// Prompt tokens that a cache served, if the file tells them apart.
    pub cache_read_tokens: Option<Field>,
    /// Model.
    pub model: Field,
    /// Provider; `openai` where absent.
    pub provider: Option<Field>,
    /// Tenant: id, short name or name.
    pub tenant: Field,
}

/// A field with its column looked up.
pub(crate) enum Place {
    Column(usize),
    Value(String),
}

impl Place {
    pub(crate) fn read<'r>(&'r self, row: &'r csv::StringRecord) -> &'r str {
        match self {
            Self::Column(i) => row.get(*i).unwrap_or_default().trim(),
            Self::Value(value) => value,
        }
    }
}

/// A mapping with its columns looked up.
pub(crate) struct Places {
    pub(crate) time: Place,
    pub(crate) input_tokens: Place,
    pub(crate) output_tokens: Place,
    pub(crate) cache_read_tokens: Option<Place>,
    pub(crate) model: Place,
    pub(crate) provider: Place,
    pub(crate) tenant: Place,
}

impl Mapping {
    /// Looks the columns up in the file's heading.
    pub(crate) fn places(&self, columns: &[String]) -> Result<Places, Error> {
        let mut missing = Vec::new();
        let mut place = |name: &str, field: &Field| match field {
            Field::Value(value) => Place::Value(value.trim().to_owned()),
            Field::Column(column) => match columns.iter().position(|c| c == column) {
                Some(i) => Place::Column(i),
                None => {
                    let message =
                        format!("the file has no column \"{column}\"; it has {}", columns.join(", "));
                    missing.push(FieldError { field: format!("mapping.{name}"), message });
                    Place::Value(String::new())
                }
            },
        };
        let places = Places {
            time: place("time", &self.time),
            input_tokens: place("input_tokens", &self.input_tokens),
            output_tokens: place("output_tokens", &self.output_tokens),
            cache_read_tokens: self.cache_read_tokens.as_ref().map(|f| place("cache_read_tokens", f)),
            model: place("model", &self.model),
            provider: self
                .provider
                .as_ref()
                .map_or_else(|| Place::Value("openai".to_owned()), |f| place("provider", f)),
            tenant: place("tenant", &self.tenant),
        };
        Error::fields(missing).map_or(Ok(places), Err)
    }
}
