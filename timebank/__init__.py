"""timebank: the backend of a street-level 时间银行 (time bank) and 公益仓 (charity shop).

The packages, from the top: ``demo``, ``people``, ``statistics``, ``imports``, ``passbook``, ``mergers``, ``anomalies``,
``shop``, ``giving``, ``attendance``, ``certificates``, ``stars``, ``training``, ``awards``, ``evaluations`` and
``complaints``, ``records``, ``activities``, ``ledger`` and ``notifications``, ``policies``, ``organisations``, ``files``,
``identity``, ``documents`` and ``web``, ``codes``. Imports run only downwards
(see the contracts in pyproject.toml).
"""

__version__ = "0.1.0"
