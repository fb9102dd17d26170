//! Families of metrics, and their text.

use std::fmt::Write;

/// The prefix of all names.
const PREFIX: &str = "chanscope_";

/// The type of a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Summary,
    Info,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Summary => "summary",
            Kind::Info => "info",
        }
    }

    /// What a sample's name has after that of its family.
    fn suffix(self) -> &'static str {
        match self {
            Kind::Counter => "_total",
            Kind::Info => "_info",
            Kind::Gauge | Kind::Summary => "",
        }
    }
}

/// The labels of a sample, as they are written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Labels(String);

impl Labels {
    pub(super) fn new(labels: &[(&str, &str)]) -> Self {
        let mut text = String::new();
        for (name, value) in labels {
            let separator = if text.is_empty() { "" } else { "," };
            let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let _ = write!(text, "{separator}{name}=\"{value}\"");
        }
        Labels(text)
    }

    /// These labels and others.
    pub(super) fn and(self, others: &Labels) -> Self {
        let separator = if self.0.is_empty() || others.0.is_empty() { "" } else { "," };
        Labels(self.0 + separator + &others.0)
    }
}

/// Families, in the order in which they were first used.
#[derive(Debug, Default)]
pub(super) struct Families(Vec<Family>);

/// Samples of one name and type.
#[derive(Debug)]
pub(super) struct Family {
    name: &'static str,
    kind: Kind,
    unit: Option<&'static str>,
    help: &'static str,
    /// What the name has after that of the family, the labels and the value.
    samples: Vec<(&'static str, Labels, f64)>,
}

impl Families {
    /// The family of this name.
    pub(super) fn family(
        &mut self,
        name: &'static str,
        kind: Kind,
        help: &'static str,
    ) -> &mut Family {
        let place = self.0.iter().position(|family| family.name == name).unwrap_or_else(|| {
            self.0.push(Family { name, kind, unit: None, help, samples: Vec::new() });
            self.0.len() - 1
        });
        &mut self.0[place]
    }

    /// The family of this name, whose values are seconds.
    pub(super) fn seconds(
        &mut self,
        name: &'static str,
        kind: Kind,
        help: &'static str,
    ) -> &mut Family {
        let family = self.family(name, kind, help);
        family.unit = Some("seconds");
        family
    }

    /// The text of all families.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for Family { name, kind, unit, help, samples } in &self.0 {
            let _ = writeln!(text, "# TYPE {PREFIX}{name} {}", kind.name());
            if let Some(unit) = unit {
                let _ = writeln!(text, "# UNIT {PREFIX}{name} {unit}");
            }
            let _ = writeln!(text, "# HELP {PREFIX}{name} {help}");
            for (suffix, Labels(labels), value) in samples {
                let labels =
                    if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
                let _ = writeln!(text, "{PREFIX}{name}{suffix}{labels} {value}");
            }
        }
        text + "# EOF\n"
    }
}

impl Family {
    /// Adds to the sample with these labels.
    pub(super) fn add(&mut self, labels: &Labels, value: f64) {
        *self.sample(self.kind.suffix(), labels) += value;
    }

    /// Raises the sample with these labels to this value.
    pub(super) fn add_maximum(&mut self, labels: &Labels, value: f64) {
        let sample = self.sample(self.kind.suffix(), labels);
        *sample = sample.max(value);
    }

    /// Adds to the sum or the count of a summary.
    pub(super) fn add_part(&mut self, part: &'static str, labels: &Labels, value: f64) {
        *self.sample(part, labels) += value;
    }

    fn sample(&mut self, suffix: &'static str, labels: &Labels) -> &mut f64 {
        let known = self.samples.iter().position(|it| (it.0, &it.1) == (suffix, labels));
        let place = known.unwrap_or_else(|| {
            self.samples.push((suffix, labels.clone(), 0.0));
            self.samples.len() - 1
        });
        &mut self.samples[place].2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_labels_are_escaped() {
        let labels = Labels::new(&[("a", "x\"y\\z\n"), ("b", "é")]);
        assert_eq!(labels.0, r#"a="x\"y\\z\n",b="é""#);
        assert_eq!(Labels::default().and(&labels), labels);
    }

    #[test]
    fn samples_with_the_same_labels_add_up() {
        let mut families = Families::default();
        let labels = Labels::new(&[("thread", "worker")]);
        families.seconds("wait_seconds", Kind::Counter, "Time waited").add(&labels, 1.5);
        families.family("threads", Kind::Gauge, "Threads").add_maximum(&Labels::default(), 2.0);
        families.seconds("wait_seconds", Kind::Counter, "Time waited").add(&labels, 1.0);
        let expected = "# TYPE chanscope_wait_seconds counter\n\
                        # UNIT chanscope_wait_seconds seconds\n\
                        # HELP chanscope_wait_seconds Time waited\n\
                        chanscope_wait_seconds_total{thread=\"worker\"} 2.5\n\
                        # TYPE chanscope_threads gauge\n\
                        # HELP chanscope_threads Threads\n\
                        chanscope_threads 2\n\
                        # EOF\n";
        assert_eq!(families.text(), expected);
    }
}
