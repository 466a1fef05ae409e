//! Pushes that are larger than what is stored or inflated at a time.

use serde_json::json;

use crate::api::{Api, SECOND, a_minute_ago};

#[tokio::test]
async fn a_large_push_is_one_push() {
    let api = Api::start().await;
    let at = |seconds: i64| (a_minute_ago() + seconds * SECOND).to_string();
    let mut values = vec![json!([at(0), "same", {"pod": "a"}])];
    values.extend((1..10).map(|second| json!([at(second), "x".repeat(1 << 20)])));
    values.push(json!([at(0), "same", {"pod": "b"}]));
    let values = json!(values);
    for _ in 0..2 {
        api.push(json!({"app": "web"}), values.clone()).await;
        assert_eq!(api.lines(r#"{app="web"} |= "same""#).await, ["same", "same"]);
        assert_eq!(api.lines(r#"{app="web"} != "same""#).await.len(), 9);
    }
}
