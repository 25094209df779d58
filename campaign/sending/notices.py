"""The words of the notices that table F.1 asks for."""

from __future__ import annotations

from campaign.house import House
from models.outbox import BY_HAND
from models.settlements import SettledNotice
from rules import Notice

_TEXTS = {
    Notice.REVIEW_SMS: (
        "【{firm}】尊敬的客户，我司就您的业务进行例行客户回访，多次致电未能完成。"
        "如需了解回访事项，请致电{service_number}。"
    ),
    Notice.UPDATE_CONTACT: (
        "【{firm}】尊敬的客户，我司就您的业务进行例行客户回访，您预留的电话无法联系到您。"
        "请尽快通过我司交易软件或营业网点更新联系方式，咨询电话{service_number}。"
    ),
}


def notice_for(kind: Notice, house: House, *, email: str) -> SettledNotice:
    """The notice of a closed task: by SMS, or otherwise where the number is the trouble."""
    text = _TEXTS[kind].format(firm=house.firm, service_number=house.service_number)
    if kind is Notice.REVIEW_SMS:
        return SettledNotice(kind=kind.value, channel="sms", text=text)
    return SettledNotice(kind=kind.value, channel=without_number(email), text=text)


def without_number(email: str) -> str:
    """The channel to a client whose number fails: e-mail, or by hand where no address was left."""
    return "email" if email else BY_HAND
