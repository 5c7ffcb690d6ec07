//! Conversations with the program, as a user types them; `TRYCMD=overwrite` writes them anew.

#[test]
fn conversations_go_as_written() {
    trycmd::TestCases::new().env("DAYFLY_CACHE", "off").env("COLUMNS", "80").case("tests/cli/*.trycmd");
}
