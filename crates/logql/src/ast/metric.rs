//! Expressions that give numbers.

use longshore_goregex::Regex;

use super::{LabelFilter, LogExpr};
use crate::span::Span;

/// An expression that gives numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct SampleExpr {
    /// What it is.
    pub kind: SampleKind,
    /// Place.
    pub span: Span,
}

/// The kinds of expressions that give numbers.
#[derive(Debug, Clone, PartialEq)]
pub enum SampleKind {
    /// `rate({app="web"}[5m])`
    RangeAggregation {
        /// The function.
        op: RangeOp,
        /// The first argument of `quantile_over_time`.
        parameter: Option<f64>,
        /// The lines.
        range: Box<LogRange>,
        /// Labels that series are told apart by.
        grouping: Option<Grouping>,
    },
    /// `sum by (app)(...)`
    VectorAggregation {
        /// The function.
        op: VectorOp,
        /// The first argument of `topk` and its kin.
        parameter: Option<u64>,
        /// What is aggregated.
        inner: Box<SampleExpr>,
        /// Labels that groups are told apart by.
        grouping: Option<Grouping>,
    },
    /// `a / on (x) b`
    Binary {
        /// The operator.
        op: BinaryOp,
        /// `bool` and matching of labels.
        options: BinaryOptions,
        /// Left side.
        left: Box<SampleExpr>,
        /// Right side.
        right: Box<SampleExpr>,
    },
    /// A number; operations between numbers are done by the parser.
    Literal(f64),
    /// `vector(1)`
    Vector(f64),
    /// `label_replace(v, "dst", "$1", "src", "(.*)")`
    LabelReplace {
        /// What is relabelled.
        inner: Box<SampleExpr>,
        /// The label to set.
        destination: String,
        /// Its new value, with `$1` for groups.
        replacement: String,
        /// The label to read.
        source: String,
        /// Must match the whole of it.
        regex: Regex,
    },
}

/// An operator of a chain with its two sides.
#[derive(Debug, Clone, Copy)]
pub struct Link<'a> {
    /// The operator.
    pub op: BinaryOp,
    /// Its modifiers.
    pub options: &'a BinaryOptions,
    /// Left side: everything of the chain before it.
    pub left: &'a SampleExpr,
    /// Right side.
    pub right: &'a SampleExpr,
}

impl SampleExpr {
    /// The first operand of `a + b - c`, and the operators behind it from left to right; none for what is no
    /// operation.
    ///
    /// The tree of a chain is as deep on its left as the chain is long, so whatever walks it walks along this and
    /// recurses to the right only, where the parser bounds the depth.
    pub fn chain(&self) -> (&Self, Vec<Link<'_>>) {
        let (mut first, mut links) = (self, Vec::new());
        while let SampleKind::Binary {
            op,
            options,
            left,
            right,
        } = &first.kind
        {
            links.push(Link {
                op: *op,
                options,
                left,
                right,
            });
            first = left;
        }
        links.reverse();
        (first, links)
    }

    /// The windows over lines that it is made of, from left to right.
    pub fn ranges(&self) -> Vec<&LogRange> {
        let mut ranges = Vec::new();
        let mut waiting = vec![self];
        while let Some(expr) = waiting.pop() {
            match &expr.kind {
                SampleKind::RangeAggregation { range, .. } => ranges.push(&**range),
                SampleKind::VectorAggregation { inner, .. } | SampleKind::LabelReplace { inner, .. } => {
                    waiting.push(inner);
                }
                SampleKind::Binary { left, right, .. } => waiting.extend([&**right, &**left]),
                SampleKind::Literal(_) | SampleKind::Vector(_) => {}
            }
        }
        ranges
    }
}

/// Lines of a moving window: `{app="web"} | json | unwrap took [5m] offset 1h`.
#[derive(Debug, Clone, PartialEq)]
pub struct LogRange {
    /// The lines.
    pub log: LogExpr,
    /// The label that is made a number; without one lines are counted.
    pub unwrap: Option<Unwrap>,
    /// Length of the window, nanoseconds.
    pub interval_ns: i64,
    /// How far back the window is moved, nanoseconds; may be negative.
    pub offset_ns: i64,
    /// Place.
    pub span: Span,
}

/// `| unwrap duration(took) | took > 5`
#[derive(Debug, Clone, PartialEq)]
pub struct Unwrap {
    /// The label.
    pub label: String,
    /// How its value becomes a number.
    pub conversion: Option<Conversion>,
    /// Conditions tested after it.
    pub filters: Vec<LabelFilter>,
    /// Place.
    pub span: Span,
}

/// `by (a, b)` or `without (a, b)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grouping {
    /// Whether it is `without`.
    pub without: bool,
    /// The labels.
    pub labels: Vec<String>,
}

/// Modifiers of a binary operator.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BinaryOptions {
    /// `bool`: comparisons give 0 or 1 instead of filtering.
    pub return_bool: bool,
    /// `on (...)`, `ignoring (...)`.
    pub matching: Option<Matching>,
}

/// How samples of two sides find each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matching {
    /// Whether it is `on`.
    pub on: bool,
    /// The labels.
    pub labels: Vec<String>,
    /// Which side may have many.
    pub cardinality: Cardinality,
    /// Labels taken over from the side that has one.
    pub include: Vec<String>,
}

/// Which side of a binary operator may have many samples for one of the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cardinality {
    /// Neither.
    OneToOne,
    /// `group_left`: the left one.
    ManyToOne,
    /// `group_right`: the right one.
    OneToMany,
}

/// Declares an operator's enum with its spelling.
macro_rules! spelled {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $(#[doc = concat!("`", $text, "`")] $variant,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// As it is written.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }

            /// The one that is written so.
            pub fn of_name(name: &str) -> Option<Self> {
                match name { $($text => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

spelled!(
    /// Functions over the lines of a window.
    RangeOp {
        Rate = "rate",
        RateCounter = "rate_counter",
        CountOverTime = "count_over_time",
        BytesRate = "bytes_rate",
        BytesOverTime = "bytes_over_time",
        AvgOverTime = "avg_over_time",
        SumOverTime = "sum_over_time",
        MinOverTime = "min_over_time",
        MaxOverTime = "max_over_time",
        StdvarOverTime = "stdvar_over_time",
        StddevOverTime = "stddev_over_time",
        QuantileOverTime = "quantile_over_time",
        FirstOverTime = "first_over_time",
        LastOverTime = "last_over_time",
        AbsentOverTime = "absent_over_time",
    }
);

spelled!(
    /// Functions over the samples of one moment.
    VectorOp {
        Sum = "sum",
        Avg = "avg",
        Count = "count",
        Max = "max",
        Min = "min",
        Stddev = "stddev",
        Stdvar = "stdvar",
        Bottomk = "bottomk",
        Topk = "topk",
        ApproxTopk = "approx_topk",
        Sort = "sort",
        SortDesc = "sort_desc",
    }
);

spelled!(
    /// Operators between two sides.
    BinaryOp {
        Or = "or",
        And = "and",
        Unless = "unless",
        Add = "+",
        Subtract = "-",
        Multiply = "*",
        Divide = "/",
        Modulo = "%",
        Power = "^",
        Equal = "==",
        NotEqual = "!=",
        Greater = ">",
        GreaterOrEqual = ">=",
        Less = "<",
        LessOrEqual = "<=",
    }
);

spelled!(
    /// How the text of an unwrapped label becomes a number.
    Conversion {
        Bytes = "bytes",
        Duration = "duration",
        DurationSeconds = "duration_seconds",
    }
);

impl BinaryOp {
    /// Whether it is `and`, `or` or `unless`.
    pub fn is_logical(self) -> bool {
        matches!(self, Self::And | Self::Or | Self::Unless)
    }

    /// Whether it compares.
    pub fn is_comparison(self) -> bool {
        matches!(
            self,
            Self::Equal | Self::NotEqual | Self::Greater | Self::GreaterOrEqual | Self::Less | Self::LessOrEqual
        )
    }

    /// How tightly it binds; more is tighter.
    pub fn precedence(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And | Self::Unless => 2,
            op if op.is_comparison() => 3,
            Self::Add | Self::Subtract => 4,
            Self::Power => 6,
            _ => 5,
        }
    }

    /// The result for two numbers; a comparison gives 1 or 0.
    pub fn apply(self, left: f64, right: f64) -> f64 {
        let truth = |holds: bool| f64::from(u8::from(holds));
        match self {
            Self::Add => left + right,
            Self::Subtract => left - right,
            Self::Multiply => left * right,
            // Loki gives NaN for a division by zero, not an infinity.
            Self::Divide if right == 0.0 => f64::NAN,
            Self::Divide => left / right,
            Self::Modulo if right == 0.0 => f64::NAN,
            Self::Modulo => left % right,
            Self::Power => left.powf(right),
            Self::Equal => truth(left == right),
            Self::NotEqual => truth(left != right),
            Self::Greater => truth(left > right),
            Self::GreaterOrEqual => truth(left >= right),
            Self::Less => truth(left < right),
            Self::LessOrEqual => truth(left <= right),
            Self::Or | Self::And | Self::Unless => f64::NAN,
        }
    }
}
