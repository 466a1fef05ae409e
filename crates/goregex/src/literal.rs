//! Literals that every match of an expression contains.
//!
//! Invariant: leaving out a literal is always allowed, naming one that some match lacks never.

use regex_syntax::hir::{Hir, HirKind};

use crate::limits::REQUIRED_LITERALS_MAX;

/// Byte strings that each match contains, as long as can be told cheaply, none twice.
pub(crate) fn required(hir: &Hir) -> Vec<Vec<u8>> {
    let mut literals = Vec::new();
    let mut run = Vec::new();
    collect(hir, &mut run, &mut literals);
    end_run(&mut run, &mut literals);
    literals
}

/// Appends what is certain to `run`, the literal being read, and ends the run where something else follows.
fn collect(hir: &Hir, run: &mut Vec<u8>, literals: &mut Vec<Vec<u8>>) {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => run.extend_from_slice(&literal.0),
        HirKind::Capture(capture) => collect(&capture.sub, run, literals),
        HirKind::Concat(items) => items.iter().for_each(|item| collect(item, run, literals)),
        HirKind::Repetition(repetition) if repetition.min >= 1 => {
            end_run(run, literals);
            collect(&repetition.sub, run, literals);
            end_run(run, literals);
        }
        HirKind::Repetition(_) | HirKind::Class(_) | HirKind::Alternation(_) => end_run(run, literals),
    }
}

fn end_run(run: &mut Vec<u8>, literals: &mut Vec<Vec<u8>>) {
    let literal = std::mem::take(run);
    if !literal.is_empty() && literals.len() < REQUIRED_LITERALS_MAX && !literals.contains(&literal) {
        literals.push(literal);
    }
}

/// The literal that the whole tree is.
pub(crate) fn exact(hir: &Hir) -> Option<Vec<u8>> {
    match hir.kind() {
        HirKind::Empty => Some(Vec::new()),
        HirKind::Literal(literal) => Some(literal.0.to_vec()),
        _ => None,
    }
}
