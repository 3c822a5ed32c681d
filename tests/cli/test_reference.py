from tests.cli.reference import PAGE, commands, page


def test_the_page_of_commands_says_what_help_says() -> None:
    assert PAGE.read_text("utf-8") == page(), "run: python -m tests.cli.reference"


def test_every_command_has_a_line_of_help_that_is_a_sentence() -> None:
    for words, command in commands():
        line = (command.help or "").partition("\n")[0]
        assert line[:1].isupper(), words
        assert line.endswith("."), words
