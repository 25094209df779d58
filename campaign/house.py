"""The firm, as it introduces itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class House:
    """How the firm introduces itself; these fill the slots of the opening and the closing."""

    firm: str  # 券商
    department: str  # 部门
    staff_number: str  # 工号
    service_number: str  # 服务电话

    @property
    def slots(self) -> dict[str, str]:
        """What every script may say of the firm."""
        return {
            "券商": self.firm,
            "部门": self.department,
            "工号": self.staff_number,
            "服务电话": self.service_number,
        }
