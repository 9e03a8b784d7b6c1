"""Statements of the hot path, compiled once and sent through the driver.

SQLAlchemy Core takes 0.1 to 0.3 ms of Python to send a statement that it has compiled before, the driver 0.02; and only
the driver can send several at once, so that they cost one round trip (a pipeline, on PostgreSQL), or copy the rows of a
group in (COPY). The statements themselves, their types and their errors stay SQLAlchemy's.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, TypeVar, cast

from sqlalchemy import (
    BindParameter,
    CompoundSelect,
    Connection,
    Dialect,
    Insert,
    Select,
    Table,
    Update,
    insert,
    literal,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm.attributes import manager_of_class
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import ReturningInsert
from sqlalchemy.sql.visitors import replacement_traverse

Parameters = Mapping[str, Any]
Statement = Select[*tuple[Any, ...]] | CompoundSelect[Any] | Insert | ReturningInsert[Any] | Update
_Process = Callable[[Any], Any] | None
M = TypeVar("M")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a bound value comes from: a parameter, or one of those in its list."""

    name: str
    index: int | None


class Compiled:
    """A statement for one dialect and one length of each of its lists."""

    def __init__(self, statement: Any, dialect: Dialect, lengths: Mapping[str, int | None]) -> None:
        places: dict[str, Any] = {
            name: _Place(name, None) if length is None else [_Place(name, index) for index in range(length)]
            for name, length in lengths.items()
        }
        # What an insert is given for its columns; anything else is for a select inside it.
        keys = [name for name in lengths if name in statement.table.c] if isinstance(statement, Insert) else None
        compiled = cast("SQLCompiler", _with_its_own_values(statement).compile(dialect=dialect, column_keys=keys))
        expanded = compiled.construct_expanded_state(places)
        processes = {
            key: bind.type.dialect_impl(dialect).bind_processor(dialect) for key, bind in compiled.binds.items()
        } | dict(expanded.processors)
        self.sql = expanded.statement
        self._named = expanded.positiontup is None
        self.keys = list(expanded.positiontup or expanded.parameters)
        self._values: list[Any] = [None] * len(self.keys)  # what the statement itself brings, and gaps for the rest
        self._scalars: list[tuple[int, str]] = []
        self._items: list[tuple[int, str, int]] = []
        self._processes: list[tuple[int, Callable[[Any], Any]]] = []
        for slot, key in enumerate(self.keys):
            self._place(slot, expanded.parameters[key], processes.get(key))
        columns = statement.exported_columns  # what a select yields, or a write returns
        readers = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns]
        self._readers = [(place, reader) for place, reader in enumerate(readers) if reader]

    def _place(self, slot: int, found: Any, process: _Process) -> None:
        if not isinstance(found, _Place):
            self._values[slot] = process(found) if process else found
            return
        if found.index is None:
            self._scalars.append((slot, found.name))
        else:
            self._items.append((slot, found.name, found.index))
        if process:
            self._processes.append((slot, process))

    def bind(self, parameters: Parameters) -> Any:
        """Return values as the driver takes them."""
        values = self.values(parameters)
        return dict(zip(self.keys, values, strict=True)) if self._named else values

    def values(self, parameters: Parameters) -> list[Any]:
        """Return values as the driver takes them, in the order of ``keys``."""
        values = self._values.copy()
        for slot, name in self._scalars:
            values[slot] = parameters[name]
        for slot, name, index in self._items:
            values[slot] = parameters[name][index]
        for slot, process in self._processes:
            values[slot] = process(values[slot])
        return values

    def bind_all(self, rows: Sequence[Parameters]) -> list[Any]:
        """Return what ``bind`` returns for each of many rows, none of which has a list."""
        columns: list[Any] = [[value] * len(rows) for value in self._values]
        for slot, name in self._scalars:
            columns[slot] = list(map(itemgetter(name), rows))
        for slot, process in self._processes:
            columns[slot] = _processed(columns[slot], process)
        values = zip(*columns, strict=True)
        return [dict(zip(self.keys, row, strict=True)) for row in values] if self._named else list(values)

    def read(self, row: Sequence[Any]) -> list[Any]:
        """Return a row with its values as SQLAlchemy would give them."""
        values = list(row)
        for place, reader in self._readers:
            values[place] = reader(values[place])
        return values


def _with_its_own_values(statement: Any) -> Any:
    """Return a statement that says its own values in its text, for plans that fit them: LIMIT 1, a kind of move.

    PostgreSQL makes one plan for all values of a parameter; for a LIMIT that it does not know it expects a tenth of all.
    """

    def said(element: Any, **_: Any) -> BindParameter[Any] | None:
        if not isinstance(element, BindParameter) or element.required or element.expanding or element.value is None:
            return None
        return literal(element.value, element.type, literal_execute=True)

    return replacement_traverse(statement, {}, said)


class Sent:
    """A statement on its way; its rows are asked for later."""

    def __init__(self, connection: Connection, cursor: Any, compiled: Compiled) -> None:
        self._connection = connection
        self._cursor = cursor
        self._compiled = compiled

    def written(self) -> int:
        """Return how many rows of the table it has written; outside of ``at_once``, or after it."""
        return cast("int", self._cursor.rowcount)

    def rows(self) -> list[list[Any]]:
        """Wait for the rows and return them. Raises what SQLAlchemy would raise."""
        with ErrorsOf(self._connection):
            found = self._cursor.fetchall()
        return list(map(self._compiled.read, found))


class Direct:
    """A statement that goes through the driver. Its parameters are scalars, and lists for expanding ones."""

    def __init__(self, statement: Statement) -> None:
        self._statement = statement
        self._inserts = isinstance(statement, Insert)  # a list is a value there, and no list of values
        self._compiled: dict[Any, Compiled] = {}
        self._lists: tuple[str, ...] | None = None

    def send(self, connection: Connection, parameters: Parameters) -> Sent:
        """Send it; inside ``at_once`` without waiting for an answer. Raises what SQLAlchemy would raise."""
        compiled, parameters = self.prepared(connection.dialect, parameters)
        return send(connection, compiled, compiled.sql, compiled.bind(parameters))

    def send_all(self, connection: Connection, rows: Sequence[Parameters]) -> Sent:
        """Send it once for each of ``rows`` (at least one), which answer nothing. Raises what SQLAlchemy would raise."""
        if len(rows) == 1:  # as many, it would cost a round trip of its own
            return self.send(connection, rows[0])
        compiled, _ = self.prepared(connection.dialect, rows[0])
        cursor = _cursor(connection)
        values = compiled.bind_all(rows)
        connection.dispatch.before_cursor_execute(connection, cursor, compiled.sql, values, None, True)
        with ErrorsOf(connection):
            cursor.executemany(compiled.sql, values)
        return Sent(connection, cursor, compiled)

    def prepared(self, dialect: Dialect, parameters: Parameters) -> tuple[Compiled, Parameters]:
        """Return what is sent for such parameters, and these with their lists filled up."""
        if self._lists is None:
            lists = () if self._inserts else (name for name, value in parameters.items() if isinstance(value, list))
            self._lists = tuple(lists)
        if self._lists:
            parameters = {**parameters, **{name: _filled(parameters[name]) for name in self._lists}}
        key = (dialect.name, *[len(parameters[name]) for name in self._lists])
        compiled = self._compiled.get(key)
        if compiled is None:
            lengths = {name: len(value) if name in self._lists else None for name, value in parameters.items()}
            compiled = self._compiled[key] = Compiled(self._statement, dialect, lengths)
        return compiled, parameters


def send(connection: Connection, compiled: Compiled, sql: str, values: Any) -> Sent:
    """Send SQL whose rows are read as those of ``compiled``. Raises what SQLAlchemy would raise."""
    cursor = _cursor(connection)
    connection.dispatch.before_cursor_execute(connection, cursor, sql, values, None, False)
    with ErrorsOf(connection):
        cursor.execute(sql, values)
    return Sent(connection, cursor, compiled)


def _filled(value: list[Any]) -> list[Any]:
    """Return a list filled with its last value up to a power of two: IN means the same, and few lengths are compiled."""
    if len(value) < 3:
        return value
    return value + [value[-1]] * ((1 << (len(value) - 1).bit_length()) - len(value))


class Rows:
    """Many rows of one table: copied in on PostgreSQL, which costs a fifth of the client's time; INSERT on SQLite.

    Constraints and guards see each row either way. What may be there already needs INSERT … ON CONFLICT instead.
    """

    def __init__(self, table: Table) -> None:
        self.columns = tuple(column.name for column in table.columns)
        self._table = table
        self._values_of = itemgetter(*self.columns)
        self._compiled: dict[str, tuple[str, list[tuple[int, Any]], list[str]]] = {}

    def insert(self, connection: Connection, rows: Sequence[Sequence[Any]]) -> None:
        """Insert rows, their values in the order of ``columns``. Raises what SQLAlchemy would raise."""
        if not rows:
            return
        dialect = connection.dialect
        compiled = self._compiled.get(dialect.name)
        if compiled is None:
            compiled = self._compiled[dialect.name] = self._compile(dialect)
        sql, processes, types = compiled
        values = rows
        if processes:
            columns: list[Any] = list(zip(*rows, strict=True))
            for place, process in processes:
                columns[place] = _processed(columns[place], process)
            values = list(zip(*columns, strict=True))
        cursor = _cursor(connection)
        connection.dispatch.before_cursor_execute(connection, cursor, sql, values, None, True)
        with ErrorsOf(connection):
            if dialect.name == "sqlite":
                cursor.executemany(sql, values)
                return
            with cursor.copy(sql) as copying:
                copying.set_types(types)
                for row in values:
                    copying.write_row(row)

    def insert_mappings(self, connection: Connection, rows: Iterable[Parameters]) -> None:
        """Insert rows that name their values; all columns are named."""
        self.insert(connection, list(map(self._values_of, rows)))

    def _compile(self, dialect: Dialect) -> tuple[str, list[tuple[int, Any]], list[str]]:
        implementations = [column.type.dialect_impl(dialect) for column in self._table.columns]
        processes = [
            (place, process)
            for place, implementation in enumerate(implementations)
            if (process := implementation.bind_processor(dialect))
        ]
        if dialect.name == "sqlite":
            return str(insert(self._table).compile(dialect=dialect)), processes, []
        prepare = dialect.identifier_preparer
        names = ", ".join(map(prepare.format_column, self._table.columns))
        sql = f"COPY {prepare.format_table(self._table)} ({names}) FROM STDIN (FORMAT BINARY)"
        types = [column.type.compile(dialect=dialect).partition("(")[0].lower() for column in self._table.columns]
        return sql, processes, types


def _processed(column: Sequence[Any], process: Callable[[Any], Any]) -> list[Any]:
    """Return the values of a column as the driver takes them; what all rows share, as most instants, is done once."""
    first = column[0]
    if all(value is first for value in column):
        return [process(first)] * len(column)
    return list(map(process, column))


def as_read(model: type[M], values: Mapping[str, Any]) -> M:
    """Return the object of a row as reading it would, without the constructor's history; ``values`` are all its columns.

    Nobody flushes it. The constructor would note each value as a change, which is a tenth of the work of closing a shift.
    """
    made: M = manager_of_class(model).new_instance()
    vars(made).update(values)
    return made


def _cursor(connection: Connection) -> Any:
    driver: Any = connection.connection.driver_connection
    return driver.cursor()


@contextmanager
def at_once(connection: Connection) -> Iterator[None]:
    """Let what is sent inside cost one round trip on PostgreSQL; each statement still sees its own snapshot.

    Raises what any of them raises, at the latest at the end.
    """
    if connection.dialect.name == "sqlite":
        yield
        return
    driver: Any = connection.connection.driver_connection
    with ErrorsOf(connection), driver.pipeline():
        yield


class ErrorsOf:
    """Raises the driver's errors as SQLAlchemy would. No generator: it is entered with every statement."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        """Translate an error of the driver; leave any other alone."""
        if error is None:
            return
        connection, dialect = self._connection, self._connection.dialect
        module: Any = dialect.loaded_dbapi
        if not isinstance(error, module.Error):
            return
        lost = dialect.is_disconnect(error, connection.connection.dbapi_connection, None)
        if lost:
            connection.invalidate(error)
        raise DBAPIError.instance(
            None, None, error, module.Error, hide_parameters=True, connection_invalidated=lost, dialect=dialect
        ) from error
