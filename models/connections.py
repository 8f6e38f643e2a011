"""How many connections a database server gives, for those who want to know before it runs out."""

from models.unit_of_work import UnitsOfWork


async def max_connections(units: UnitsOfWork) -> int:
    """PostgreSQL's limit for all of its clients together; raises Unavailable. SQLite has none and must not be asked."""
    return await units.read(_ask, units)


async def _ask(units: UnitsOfWork) -> int:
    (row,) = await units.connection().execute_query_dict("SHOW max_connections")
    return int(row["max_connections"])
