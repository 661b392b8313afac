//! The shape of expressions: which variables they name, how deep they are, and which of them are there when one holds.

use cel::{
    IdedExpr,
    common::ast::{Expr, operators},
};
use std::collections::BTreeSet;

/// `a.b.c`, if that is what it is.
pub(super) fn name(expression: &IdedExpr) -> Option<String> {
    match &expression.expr {
        Expr::Ident(name) => Some(name.clone()),
        Expr::Select(select) if !select.test => Some(format!("{}.{}", name(&select.operand)?, select.field)),
        _ => None,
    }
}

/// `a.b.c` of `has(a.b.c)`, if that is what it is.
pub(super) fn asked_for(expression: &IdedExpr) -> Option<String> {
    match &expression.expr {
        Expr::Select(select) if select.test => Some(format!("{}.{}", name(&select.operand)?, select.field)),
        _ => None,
    }
}

/// The parts of an expression that are expressions.
pub(super) fn parts(expression: &IdedExpr) -> Vec<&IdedExpr> {
    match &expression.expr {
        Expr::Call(call) => call.target.as_deref().into_iter().chain(&call.args).collect(),
        Expr::List(list) => list.elements.iter().collect(),
        Expr::Select(select) => vec![&*select.operand],
        Expr::Comprehension(inner) => vec![
            &inner.iter_range,
            &inner.accu_init,
            &inner.loop_cond,
            &inner.loop_step,
            &inner.result,
        ],
        _ => Vec::new(),
    }
}

/// How many levels it has. Maps and structures count as one: they are not let in.
pub(super) fn depth(expression: &IdedExpr) -> usize {
    1 + parts(expression).into_iter().map(depth).max().unwrap_or_default()
}

/// The whole names of variables in it.
pub(super) fn names(expression: &IdedExpr, found: &mut BTreeSet<String>) {
    match name(expression).or_else(|| asked_for(expression)) {
        Some(name) => {
            found.insert(name);
        }
        None => parts(expression).into_iter().for_each(|part| names(part, found)),
    }
}

/// Which variables are there, by what was asked for, if the expression is true, and if it is false.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Guards {
    pub if_true: BTreeSet<String>,
    pub if_false: BTreeSet<String>,
}

pub(super) fn guards(expression: &IdedExpr) -> Guards {
    if let Some(name) = asked_for(expression) {
        return Guards {
            if_true: BTreeSet::from([name]),
            if_false: BTreeSet::new(),
        };
    }
    let Expr::Call(call) = &expression.expr else {
        return Guards::default();
    };
    match (call.func_name.as_str(), &call.args[..]) {
        (operators::LOGICAL_NOT, [inner]) => {
            let inner = guards(inner);
            Guards {
                if_true: inner.if_false,
                if_false: inner.if_true,
            }
        }
        (operators::LOGICAL_AND, [left, right]) => {
            let (left, right) = (guards(left), guards(right));
            Guards {
                if_true: &left.if_true | &right.if_true,
                if_false: &left.if_false & &right.if_false,
            }
        }
        (operators::LOGICAL_OR, [left, right]) => {
            let (left, right) = (guards(left), guards(right));
            Guards {
                if_true: &left.if_true & &right.if_true,
                if_false: &left.if_false | &right.if_false,
            }
        }
        _ => Guards::default(),
    }
}
