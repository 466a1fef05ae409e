//! Where two configurations differ.

use super::{Node, parse, print};

/// The keys of `text` whose values are not those of `base`, as YAML; a text that is none differs in nothing.
pub fn yaml_difference(text: &str, base: &str) -> String {
    let (Ok(tree), Ok(base)) = (parse(text), parse(base)) else {
        return String::new();
    };
    print(&difference(&tree, Some(&base)).unwrap_or_else(|| Node::map(Vec::new())))
}

fn difference(node: &Node, base: Option<&Node>) -> Option<Node> {
    let Some(base) = base else { return Some(node.clone()) };
    if let (Some(pairs), Some(_)) = (node.pairs(), base.pairs()) {
        let differing: Vec<(String, Node)> = pairs
            .iter()
            .filter_map(|pair| Some((pair.key.clone(), difference(&pair.value, base.get(&pair.key))?)))
            .collect();
        return (!differing.is_empty()).then(|| Node::map(differing));
    }
    // Printed, as equal values may stand at different lines.
    (print(node) != print(base)).then(|| node.clone())
}
