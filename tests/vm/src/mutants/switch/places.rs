//! Finds in the syntax what a mutant changes.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use proc_macro2::LineColumn;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Arm, BinOp, Block, Expr, ExprBinary, ExprStruct, ExprUnary, Signature};

use super::Change;
use super::edits::{Edits, Other};

pub(super) struct Places<'a> {
    source: &'a str,
    /// By the place where each begins.
    changes: BTreeMap<(usize, usize), Vec<&'a Change>>,
    /// The names of the `const fn` that the compiler itself has to call; the others need not be constant.
    constants: &'a BTreeSet<String>,
    /// Within what the compiler works out itself.
    in_constant: bool,
    pub(super) edits: Edits,
}

impl<'a> Places<'a> {
    pub(super) fn new(source: &'a str, wanted: &[&'a Change], constants: &'a BTreeSet<String>) -> Self {
        let mut changes = BTreeMap::<_, Vec<_>>::new();
        for change in wanted {
            changes.entry(change.span[0]).or_default().push(*change);
        }
        Self { source, changes, constants, in_constant: false, edits: Edits::default() }
    }

    /// The mutants of this kind that begin here.
    fn of(&self, node: &impl Spanned, genre: &str) -> Vec<&'a Change> {
        let LineColumn { line, column } = node.span().start();
        let here = self.changes.get(&(line, column + 1)).into_iter().flatten();
        if self.in_constant { Vec::new() } else { here.filter(|change| change.genre == genre).copied().collect() }
    }

    fn text(&self, node: &impl Spanned) -> &'a str {
        self.source.get(node.span().byte_range()).unwrap_or_default()
    }

    fn between(&self, range: Range<usize>) -> &'a str {
        self.source.get(range).unwrap_or_default()
    }

    fn function(&mut self, signature: &Signature, block: &Block, visit: impl FnOnce(&mut Self)) {
        let is_constant = signature.constness.is_some() && self.constants.contains(&signature.ident.to_string());
        if !is_constant {
            if let Some(word) = &signature.constness {
                self.edits.remove(word.span().byte_range());
            }
            if let Some(first) = block.stmts.first() {
                let changes = self.of(first, "FnValue").into_iter();
                let others = changes.map(|one| Other::new(one, &*one.replacement)).collect();
                self.edits.leave_early(first.span().byte_range().start, others);
            }
        }
        self.within(is_constant, visit);
    }

    /// Whether what is visited is a constant.
    fn within(&mut self, constant: bool, visit: impl FnOnce(&mut Self)) {
        let before = std::mem::replace(&mut self.in_constant, constant);
        visit(self);
        self.in_constant = before;
    }

    fn arm(&mut self, node: &Arm, has_rest: bool) {
        let gone = self.of(node, "MatchArm");
        if let Some((_, guard)) = &node.guard {
            let changes = self.of(guard, "MatchArmGuard").into_iter();
            let mut others: Vec<_> = changes.map(|one| Other::new(one, &*one.replacement)).collect();
            others.extend(gone.into_iter().map(|one| Other::new(one, "false")));
            self.choose(guard, others);
        } else if has_rest {
            for one in gone {
                self.edits.forbid(node.pat.span().byte_range().end, one.number);
            }
        }
    }

    fn choose(&mut self, node: &impl Spanned, others: Vec<Other>) {
        if !others.is_empty() {
            self.edits.choose(node.span().byte_range(), others);
        }
    }
}

impl Visit<'_> for Places<'_> {
    fn visit_item_fn(&mut self, node: &syn::ItemFn) {
        self.function(&node.sig, &node.block, |places| visit::visit_item_fn(places, node));
    }

    fn visit_impl_item_fn(&mut self, node: &syn::ImplItemFn) {
        self.function(&node.sig, &node.block, |places| visit::visit_impl_item_fn(places, node));
    }

    fn visit_trait_item_fn(&mut self, node: &syn::TraitItemFn) {
        match &node.default {
            Some(block) => self.function(&node.sig, block, |places| visit::visit_trait_item_fn(places, node)),
            None => visit::visit_trait_item_fn(self, node),
        }
    }

    fn visit_item_const(&mut self, node: &syn::ItemConst) {
        self.within(true, |places| visit::visit_item_const(places, node));
    }

    fn visit_item_static(&mut self, node: &syn::ItemStatic) {
        self.within(true, |places| visit::visit_item_static(places, node));
    }

    fn visit_impl_item_const(&mut self, node: &syn::ImplItemConst) {
        self.within(true, |places| visit::visit_impl_item_const(places, node));
    }

    fn visit_trait_item_const(&mut self, node: &syn::TraitItemConst) {
        self.within(true, |places| visit::visit_trait_item_const(places, node));
    }

    fn visit_expr_const(&mut self, node: &syn::ExprConst) {
        self.within(true, |places| visit::visit_expr_const(places, node));
    }

    fn visit_expr_repeat(&mut self, node: &syn::ExprRepeat) {
        self.visit_expr(&node.expr);
        self.within(true, |places| places.visit_expr(&node.len));
    }

    fn visit_type(&mut self, node: &syn::Type) {
        self.within(true, |places| visit::visit_type(places, node));
    }

    fn visit_variant(&mut self, node: &syn::Variant) {
        self.within(true, |places| visit::visit_variant(places, node));
    }

    fn visit_pat(&mut self, node: &syn::Pat) {
        self.within(true, |places| visit::visit_pat(places, node));
    }

    fn visit_expr_binary(&mut self, node: &ExprBinary) {
        let op = node.op.span().byte_range();
        let whole = node.span().byte_range();
        let (left, right) = (self.between(whole.start..op.start), self.between(op.end..whole.end));
        if !is_let_chain(node) {
            let changes = self.of(&node.op, "BinaryOperator").into_iter();
            let others = changes.map(|one| Other::new(one, format!("{left}{}{right}", one.replacement))).collect();
            self.choose(node, others);
        }
        visit::visit_expr_binary(self, node);
    }

    fn visit_expr_unary(&mut self, node: &ExprUnary) {
        let operand = self.text(&node.expr);
        let changes = self.of(&node.op, "UnaryOperator").into_iter();
        let others = changes.map(|one| Other::new(one, format!("{}{operand}", one.replacement))).collect();
        self.choose(node, others);
        visit::visit_expr_unary(self, node);
    }

    fn visit_expr_match(&mut self, node: &syn::ExprMatch) {
        if let Some((last, others)) = node.arms.split_last() {
            // Without an arm that takes the rest, the compiler asks for the one that is gone.
            let has_rest = last.guard.is_none() && takes_all(&last.pat);
            others.iter().for_each(|arm| self.arm(arm, has_rest));
            self.arm(last, false);
        }
        visit::visit_expr_match(self, node);
    }

    fn visit_expr_struct(&mut self, node: &ExprStruct) {
        let whole = node.span().byte_range();
        let mut others = Vec::new();
        for field in &node.fields {
            let range = field.span().byte_range();
            let rest = self.between(range.end..whole.end).trim_start_matches([',', ' ', '\n']);
            let code = format!("{}{rest}", self.between(whole.start..range.start));
            others.extend(self.of(field, "StructField").into_iter().map(|one| Other::new(one, &*code)));
        }
        self.choose(node, others);
        visit::visit_expr_struct(self, node);
    }
}

/// Whether it is part of the conditions of an `if let`: there, `&&` is syntax.
fn is_let_chain(node: &ExprBinary) -> bool {
    fn has_let(expr: &Expr) -> bool {
        match expr {
            Expr::Let(_) => true,
            Expr::Binary(binary) => {
                matches!(binary.op, BinOp::And(_)) && (has_let(&binary.left) || has_let(&binary.right))
            }
            _ => false,
        }
    }
    has_let(&Expr::Binary(node.clone()))
}

fn takes_all(pattern: &syn::Pat) -> bool {
    match pattern {
        syn::Pat::Wild(_) => true,
        // A name with a small letter is a variable.
        syn::Pat::Ident(name) => {
            name.subpat.is_none() && name.ident.to_string().starts_with(|letter: char| letter.is_lowercase())
        }
        _ => false,
    }
}
