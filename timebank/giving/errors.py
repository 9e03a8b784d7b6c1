"""What giving refuses. Contexts carry minutes and states, never somebody else's balance."""

from timebank.errors import Refusal


class NotRelatives(Refusal):
    """Minutes go only to verified relatives of the direct line whose account is active (rule R22)."""

    code = "NOT_RELATIVES"
    status = 403
    title = "只能赠予经核实的直系亲属"
    title_en = "Verified direct relatives only"
    detail = "时间币只能赠予经核实的直系亲属（配偶、父母、子女、祖辈、孙辈）。请先登记亲属关系，并到组织出示证件核实。"
    detail_en = "Minutes go only to a verified spouse, parent, child, grandparent or grandchild. Have the relation verified first."


class GiftsOff(Refusal):
    """The policy of the organisation that verified the relation allows no gifts."""

    code = "GIFTS_OFF"
    status = 403
    title = "本地不能转赠"
    title_en = "No gifts here"
    detail = "按本地规则，时间币不能转赠。您可以捐给公共池，帮助有需要的老人。"
    detail_en = "By the rules of this place minutes are not given away. You can donate them to the pool."


class GiftNotCovered(Refusal):
    """The giver has too little to spend now; how much is nobody else's business."""

    code = "GIFT_NOT_COVERED"
    status = 409
    title = "赠送人可用时间币不足"
    title_en = "The giver has too few minutes now"
    detail = "赠送人现在可用的时间币不够这次赠送，时间币没有转出。请告诉对方；在有效期内可以再试。"
    detail_en = (
        "The giver cannot cover this gift now, and nothing has moved. Tell them; you can try again until it expires."
    )


class GiftExpired(Refusal):
    """The offer has ended by itself. Context: ``expired_at``."""

    code = "GIFT_EXPIRED"
    status = 410
    title = "赠送已过期"
    title_en = "The gift has expired"
    detail = "这份赠送已于 {expired_at} 过期，时间币没有转出。可以请对方再送一次。"
    detail_en = "This offer ended at {expired_at} (Beijing time) and nothing has moved. Ask for a new one."


class AlreadyAccepted(Refusal):
    """The gift was accepted before; its minutes moved once."""

    code = "ALREADY_ACCEPTED"
    status = 409
    title = "已经接受过"
    title_en = "Already accepted"
    detail = "这份赠送已经接受，时间币已转入，不会重复。请查看存折。"
    detail_en = "This gift was accepted before and moved once. See the entries."


class GiftClosed(Refusal):
    """The gift was declined or withdrawn. Context: ``state``."""

    code = "GIFT_CLOSED"
    status = 409
    title = "赠送已取消"
    title_en = "The gift is closed"
    detail = "这份赠送已被谢绝或撤回，时间币没有转出。"
    detail_en = "This gift was {state}, and nothing has moved."


class PoolEmpty(Refusal):
    """The pool has less than is to be granted. Context: ``needed_minutes``, ``available_minutes``."""

    code = "POOL_EMPTY"
    status = 409
    title = "公共池余额不足"
    title_en = "Not enough in the pool"
    detail = "需要 {needed_minutes} 分钟，公共池现有 {available_minutes} 分钟。请减少分钟数，或等有新的捐赠后再批。"
    detail_en = (
        "This needs {needed_minutes} minutes; the pool has {available_minutes}. Grant less, or wait for donations."
    )


class AlreadyApplied(Refusal):
    """There is a waiting application for this person in this area."""

    code = "ALREADY_APPLIED"
    status = 409
    title = "已有申请在等候"
    title_en = "Already applied"
    detail = "在这个区域已有一份等候中的申请，请等工作人员答复。"
    detail_en = "An application for this person waits in this area. Wait for its answer."
    constraints = ("uq_pool_application_area_id_person_id",)


class ApplicationClosed(Refusal):
    """The application was granted, refused or withdrawn. Context: ``state``."""

    code = "APPLICATION_CLOSED"
    status = 409
    title = "申请已办结"
    title_en = "The application is closed"
    detail = "这份申请已经办结，请刷新后查看结果。"
    detail_en = "This application is {state}. Refresh to see its answer."


class GrantWaiting(Refusal):
    """Somebody has asked for a grant to this person already; it waits for a second person."""

    code = "GRANT_WAITING"
    status = 409
    title = "已有资助待审批"
    title_en = "A grant is waiting"
    detail = "这位居民已有一笔资助等待审批，请先审批那一笔。"
    detail_en = "A grant to this person waits for approval. Decide that one first."
    constraints = ("uq_pool_grant_area_id_person_id",)


class GrantDecided(Refusal):
    """The grant was approved or rejected before. Context: ``state``."""

    code = "GRANT_DECIDED"
    status = 409
    title = "资助已审批"
    title_en = "The grant is decided"
    detail = "这笔资助已有审批结果，请刷新后查看。"
    detail_en = "This grant is {state}. Refresh to see it."
