//! The command line is what its help says.

use clap::CommandFactory as _;

use super::*;

#[test]
fn the_definition_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn help_of_every_command() {
    let mut command = Cli::command().term_width(100);
    command.build();
    let mut all = command.render_long_help().to_string();
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    for name in names {
        let sub = command.find_subcommand_mut(&name).expect("it was just listed");
        all.push_str(&format!("\n=== longshore {name}\n{}", sub.render_long_help()));
    }
    insta::assert_snapshot!("help", all);
}

#[test]
fn every_command_has_an_example() {
    for command in Cli::command()
        .get_subcommands()
        .filter(|command| command.get_name() != "help")
    {
        let examples = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        assert!(
            examples.starts_with("Examples:\n  longshore "),
            "{} has none",
            command.get_name()
        );
    }
}

#[test]
fn wrong_usage_is_exit_code_two() {
    for wrong in [
        &["longshore"][..],
        &["longshore", "fly"],
        &["longshore", "query"],
        &["longshore", "up", "--listen", "x"],
    ] {
        let error = Cli::try_parse_from(wrong).expect_err("wrong usage");
        assert_eq!(error.exit_code(), 2, "{wrong:?}");
    }
}

#[test]
fn a_password_needs_a_name() {
    assert!(Cli::try_parse_from(["longshore", "labels", "--password", "p"]).is_err());
    assert!(Cli::try_parse_from(["longshore", "labels", "--password", "p", "--username", "u"]).is_ok());
}
