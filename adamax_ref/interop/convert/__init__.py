"""The state of one framework's Adamax as another's, and everything that does not carry over.

:func:`convert` takes the state of one parameter, :func:`convert_all` that of an optimizer. Both
return what does not carry over as values, each with a kind and a sentence. They are found from
what the two dialects declare and from where each framework keeps its state
(:mod:`~adamax_ref.interop.convert.layout`), for every pair alike. What cannot be known from a
state is refused unless the caller says it.
"""

from .counting import last_distinct_step as last_distinct_step
from .layout import STATES as STATES
from .loss import Kind as Kind
from .loss import Loss as Loss
from .single import Converted as Converted
from .single import Jump as Jump
from .single import convert as convert
from .single import converted_start as converted_start
from .single import jump as jump
from .whole import ConvertedAll as ConvertedAll
from .whole import convert_all as convert_all
