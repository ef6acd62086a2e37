"""The report as one page of HTML: readable without network and without script, in light and dark."""

from .page import LARGEST as LARGEST
from .page import page as page
