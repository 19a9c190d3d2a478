//! A line of the table: the comparison, its target, and its result.

/// The target of a ratio, or of a figure without a baseline.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    AtLeast(f64),
    AtMost(f64),
    /// No target: the figure is only printed.
    None,
}

impl Target {
    fn text(self) -> String {
        match self {
            Self::AtLeast(bound) => format!(">= {bound}"),
            Self::AtMost(bound) => format!("<= {bound}"),
            Self::None => String::new(),
        }
    }

    fn reached(self, ratio: f64) -> &'static str {
        let reached = match self {
            Self::AtLeast(bound) => ratio >= bound,
            Self::AtMost(bound) => ratio <= bound,
            Self::None => return "",
        };
        if reached { "yes" } else { "NO" }
    }
}

/// The unit of the figures of a line.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unit {
    PerSecond,
    Milliseconds,
    Megabytes,
    Instructions,
}

impl Unit {
    fn text(self, figure: f64) -> String {
        match self {
            Self::PerSecond => format!("{figure:.0} /s"),
            Self::Milliseconds => format!("{figure:.2} ms"),
            Self::Megabytes => format!("{figure:.1} MB"),
            Self::Instructions => format!("{figure:.0}"),
        }
    }
}

/// A line of the table.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) unit: Unit,
    pub(crate) target: Target,
}

impl Line {
    /// A line of rates, which should be at least this share of the baseline.
    pub(crate) fn rate(name: impl Into<String>, share: f64) -> Self {
        Self {
            name: name.into(),
            unit: Unit::PerSecond,
            target: Target::AtLeast(share),
        }
    }

    /// A line of costs, which should be at most this many times the baseline.
    pub(crate) fn cost(name: impl Into<String>, times: f64) -> Self {
        Self {
            name: name.into(),
            unit: Unit::Milliseconds,
            target: Target::AtMost(times),
        }
    }

    /// A line of rates without a target, printed for comparison.
    pub(crate) fn told(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            unit: Unit::PerSecond,
            target: Target::None,
        }
    }

    /// A line of figures without a baseline, which should be at most this.
    pub(crate) fn most(name: impl Into<String>, unit: Unit, bound: f64) -> Self {
        Self {
            name: name.into(),
            unit,
            target: Target::AtMost(bound),
        }
    }

    /// Prints the result of rounds of (ours, baseline).
    pub(crate) fn print_ratio(&self, rounds: &[(f64, f64)]) {
        let ratios = sorted(rounds.iter().map(|(ours, floor)| ours / floor));
        let (ours, floor) = (
            sorted(rounds.iter().map(|round| round.0)),
            sorted(rounds.iter().map(|round| round.1)),
        );
        let ratio = median(&ratios);
        print_row(&[
            &self.name,
            &self.unit.text(median(&ours)),
            &self.unit.text(median(&floor)),
            &format!("{ratio:.3}"),
            &spread(&ratios, 3),
            &self.target.text(),
            self.target.reached(ratio),
        ]);
    }

    /// Prints the result of figures without a baseline.
    pub(crate) fn print_figure(&self, figures: &[f64]) {
        let figures = sorted(figures.iter().copied());
        let figure = median(&figures);
        let spread = if figures.len() > 1 {
            spread(&figures, 1)
        } else {
            String::new()
        };
        print_row(&[
            &self.name,
            &self.unit.text(figure),
            "",
            "",
            &spread,
            &self.target.text(),
            self.target.reached(figure),
        ]);
    }
}

/// Prints the heads of the columns.
pub(crate) fn print_heads() {
    print_row(&["", "ours", "floor", "ratio", "spread", "target", "reached?"]);
}

fn print_row([name, ours, floor, ratio, spread, target, reached]: &[&str; 7]) {
    println!("{name:<66} {ours:>11} {floor:>11} {ratio:>7} {spread:>14} {target:>8}  {reached}");
}

fn sorted(figures: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut figures: Vec<_> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures
}

/// The median of sorted figures.
pub(crate) fn median(sorted: &[f64]) -> f64 {
    sorted[sorted.len() / 2]
}

fn spread(sorted: &[f64], digits: usize) -> String {
    format!(
        "{:.digits$}-{:.digits$}",
        sorted[0],
        sorted[sorted.len() - 1]
    )
}
