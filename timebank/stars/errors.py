"""Refusals about stars."""

from timebank.errors import Refusal


class StarNotReached(Refusal):
    """The service minutes are too few (``service_minutes`` of ``needed_minutes``), or no more than when it was declined."""

    code = "STAR_NOT_REACHED"
    status = 409
    title = "还没有达到星级标准"
    title_en = "Star not reached"
    detail = "现有服务时长 {service_minutes} 分钟，下一星级要 {needed_minutes} 分钟。请继续服务，达到后再申请。"
    detail_en = (
        "The service is {service_minutes} minutes; the next star takes {needed_minutes}. Apply when it is reached."
    )


class StarHighest(Refusal):
    """There is no higher star."""

    code = "STAR_HIGHEST"
    status = 409
    title = "已是最高星级"
    title_en = "The highest star"
    detail = "您已获得最高星级，感谢您的服务。"
    detail_en = "This is the highest star there is. Thank you."


class StarsNotGiven(Refusal):
    """The policy ``star_minutes`` is null: this bank gives no stars."""

    code = "STARS_NOT_GIVEN"
    status = 409
    title = "本地未开展星级认定"
    title_en = "No stars here"
    detail = "本地没有开展星级认定。请向社区了解。"
    detail_en = "This bank gives no stars. Ask the community office."


class StarProposed(Refusal):
    """Another proposal for this volunteer is not decided yet."""

    code = "STAR_PROPOSED"
    status = 409
    title = "已有星级认定在办理"
    title_en = "A star is proposed already"
    detail = "已有一项星级认定在公示或等待决定，请等待结果。"
    detail_en = "A star is on notice or waits for its decision. Wait for the outcome."


class StarOnNotice(Refusal):
    """The public notice is not over (until ``ends_on``)."""

    code = "STAR_ON_NOTICE"
    status = 409
    title = "公示尚未结束"
    title_en = "Still on notice"
    detail = "公示到 {ends_on} 结束，期满后再授予。"
    detail_en = "The public notice ends on {ends_on}. Award the star after that."


class StarNotOnNotice(Refusal):
    """One objects while a star is on notice, and not before or after."""

    code = "STAR_NOT_ON_NOTICE"
    status = 409
    title = "不在公示期内"
    title_en = "Not on notice"
    detail = "这项星级认定不在公示期内，不能提出异议。对服务记录有疑问的，请向记录组织反映。"
    detail_en = (
        "This star is not on notice any more. About a service record, talk to the organisation that recorded it."
    )


class StarObjected(Refusal):
    """An objection waits for its answer."""

    code = "STAR_OBJECTED"
    status = 409
    title = "异议还没有答复"
    title_en = "An objection is open"
    detail = "有人对这项星级认定提出异议。请先核实并答复，再作决定。"
    detail_en = "Somebody has objected. Look into it and answer, then decide."


class StarObjectionMade(Refusal):
    """This person has objected before."""

    code = "STAR_OBJECTION_MADE"
    status = 409
    title = "已提出过异议"
    title_en = "Objection made"
    detail = "您已对这项星级认定提出过异议，请等待答复。"
    detail_en = "You have objected to this star before. Wait for the answer."
    constraints = ("uq_star_objection_proposal_id_objector_id",)


class StarObjectionAnswered(Refusal):
    """The objection has its answer, perhaps from a colleague a moment ago."""

    code = "STAR_OBJECTION_ANSWERED"
    status = 409
    title = "异议已答复"
    title_en = "Objection answered"
    detail = "这项异议已有答复。请刷新后查看。"
    detail_en = "This objection was answered before. Refresh to see how."
    constraints = ("pk_star_objection_answer",)


class StarDecided(Refusal):
    """The proposal was decided before, perhaps by a colleague a moment ago."""

    code = "STAR_DECIDED"
    status = 409
    title = "星级认定已处理"
    title_en = "Star decided"
    detail = "这项星级认定已经处理过。请刷新后查看结果。"
    detail_en = "This proposal was decided before. Refresh to see the outcome."
    constraints = ("pk_star_decision",)


class StarReviewNotDue(Refusal):
    """The star stands on enough minutes, or somebody has let it stand as it is."""

    code = "STAR_REVIEW_NOT_DUE"
    status = 409
    title = "不需要复核"
    title_en = "No review due"
    detail = "这项星级不在待复核之列：时长仍达到标准，或已经复核过。"
    detail_en = "This star needs no review: its minutes suffice, or it was reviewed as it is."
