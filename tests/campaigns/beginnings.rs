//! Runs of one fault that share what they do before they look at their image.

use super::{engines, on_model};
use crate::cli::{folder, results};

#[test]
fn runs_that_begin_together_are_those_from_reset() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    for (scope, words) in [
        ("all", &["--scope", "all"][..]),
        ("mac", &["--scope", "mac"]),
        ("late", &["--from", "interpreter_run"]),
        ("booth", &["--binding", "single_cycle_mul", "--scope", "conv"]),
    ] {
        let run = |name: &str, more: &[&str]| {
            let out = at(&format!("{scope}-{name}"));
            on_model(20, 4, &out).words(words).words(more).succeeds();
            (results(&out), engines(&out))
        };
        let (fast, ways) = run("fast", &[]);
        let (long, executed) = run("long", &["--no-shortcuts"]);
        assert_eq!(fast.len(), 80);
        assert!(fast == long, "{scope}");
        let ended_in_set_up = |row: &&serde_json::Value| {
            row["outcome"] == "bad-exit" && row["first"]["layer"].is_null()
        };
        let early = fast.iter().filter(ended_in_set_up).count();
        // Of four images under a fault that stops the set-up one is run.
        if scope == "all" {
            assert!(early >= 20 && ways["shared"] >= early / 4 * 3, "{early} {ways:?}");
        }
        assert!(!executed.contains_key("shared"), "{executed:?}");
    }
}
