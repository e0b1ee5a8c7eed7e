"""The life of a connection, from the table that the engine runs on."""

from __future__ import annotations

from cadenza.realtime.states import MOVES, Input, Move, State
from generators.source import attribute_docs, one_line, table

_SENDS = {
    Input.CONNECT: "`connect` with an id",
    Input.COMMAND: "another command with an id",
    Input.SEND: "`send`",
    Input.PING: "`ping` with an id",
    Input.PONG: "a message without id",
    Input.NOTHING: "an id and no known request",
}
_MOVES = {
    Move.CONNECT: "authenticate",
    Move.RUN: "run it",
    Move.PONG: "take it as a pong",
    Move.PING: "error 108, or close 3501 if it stands alone",
    Move.IGNORE: "ignore it",
    Move.CLOSE: "close 3501",
}


def state_table() -> str:
    """Every state and every input, and what the engine does."""
    rows = [
        [_SENDS[given], *(f"{_MOVES[MOVES[state, given]]}" for state in State)] for given in Input
    ]
    return table(["The client sends", *(f"`{state.name}`" for state in State)], rows)


def state_diagram() -> str:
    """The states as a Mermaid diagram; a move that changes no state is left out."""
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> NEW: the transport opens"]
    for state in State:
        inputs = [given for given in Input if MOVES[state, given] is Move.CONNECT]
        if inputs:
            lines += [
                f"    {state.name} --> CONNECTED: connect succeeds",
                f"    {state.name} --> REFUSED: connect is answered with an error",
            ]
        breaks = [given.value for given in Input if MOVES[state, given] is Move.CLOSE]
        if breaks:
            lines.append(f"    {state.name} --> CLOSED: 3501 after {', '.join(breaks)}")
    lines += [
        "    NEW --> CLOSED: 3502 after stale_close_delay",
        "    REFUSED --> CLOSED: 3502 after stale_close_delay",
        "    CONNECTED --> CLOSED: the client leaves, or any other disconnect",
        "    CLOSED --> [*]",
        "```",
    ]
    return "\n".join(lines)


def state_meanings() -> str:
    """What each state is."""
    docs = attribute_docs_of_enum()
    return "\n".join(f"- `{state.name}`: {docs[state.name]}" for state in State)


def attribute_docs_of_enum() -> dict[str, str]:
    """What the states are, in words; where the source says it, in its words."""
    known = {"CONNECTED": "Authenticated.", "CLOSED": "Over: nothing is read or written any more."}
    return known | {name: one_line(text) for name, text in attribute_docs(State).items()}
