"""Many people at once: pictures by the hundred thousand, in runs that can be stopped, killed and gone on with."""

from aetherist.batch.engines import Engine, Processes, ThisProcess
from aetherist.batch.items import Item, items_of_seeds
from aetherist.batch.job import Job
from aetherist.batch.runner import Progress, Summary, run
from aetherist.batch.stores import FolderStore, Store, open_store
from aetherist.batch.table import BadRow, Table, read_table
from aetherist.batch.views import DrawnViews, FixedViews, Views

__all__ = [
    "BadRow",
    "DrawnViews",
    "Engine",
    "FixedViews",
    "FolderStore",
    "Item",
    "Job",
    "Processes",
    "Progress",
    "Store",
    "Summary",
    "Table",
    "ThisProcess",
    "Views",
    "items_of_seeds",
    "open_store",
    "read_table",
    "run",
]
