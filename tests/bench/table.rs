//! What was measured, against what was promised.

use std::io::{self, Write};

/// What a figure must be.
pub(crate) enum Target {
    AtLeast(f64),
    Below(f64),
    /// Nothing: it puts others in proportion.
    None,
}

struct Row {
    figure: String,
    value: f64,
    unit: &'static str,
    target: Target,
}

/// Rows as they are measured.
#[derive(Default)]
pub(crate) struct Table(Vec<Row>);

impl Table {
    pub(crate) fn add(&mut self, figure: impl Into<String>, value: f64, unit: &'static str, target: Target) {
        let row = Row { figure: figure.into(), value, unit, target };
        // Shown at once as well: a run takes minutes.
        let _ = writeln!(io::stderr(), "{}", row.line());
        self.0.push(row);
    }

    pub(crate) fn print(&self) -> io::Result<()> {
        let mut out = io::stdout().lock();
        writeln!(out, "\n{:<58} {:>12} {:<6} {:>12}  met", "figure", "value", "", "target")?;
        self.0.iter().try_for_each(|row| writeln!(out, "{}", row.line()))
    }
}

impl Row {
    fn line(&self) -> String {
        let (target, met) = match self.target {
            Target::AtLeast(least) => (format!(">= {least}"), if self.value >= least { "yes" } else { "NO" }),
            Target::Below(most) => (format!("< {most}"), if self.value < most { "yes" } else { "NO" }),
            Target::None => (String::new(), ""),
        };
        format!("{:<58} {:>12.3} {:<6} {:>12}  {met}", self.figure, self.value, self.unit, target)
    }
}
