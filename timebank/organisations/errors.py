"""Refusals about areas, organisations and sites."""

from timebank.errors import Refusal


class AreaTooDeep(Refusal):
    """Below a grid there is nothing."""

    code = "AREA_TOO_DEEP"
    status = 409
    title = "区域层级已到最底层"
    title_en = "Area too deep"
    detail = "网格下面不能再设区域。"
    detail_en = "The tree has four levels; a grid has no areas below it."


class AreaExists(Refusal):
    """The parent already has an area with this code."""

    code = "AREA_EXISTS"
    status = 409
    title = "区域编码已存在"
    title_en = "Area exists"
    detail = "上级区域下已有这个编码，请换一个。"
    detail_en = "The parent already has an area with this code."
    constraints = ("uq_area_path",)


class OrganisationExists(Refusal):
    """Another organisation carries this name."""

    code = "ORGANISATION_EXISTS"
    status = 409
    title = "组织名称已存在"
    title_en = "Organisation exists"
    detail = "已有同名的组织，请核对名录。"
    detail_en = "There is an organisation of this name. Check the register."
    constraints = ("uq_organisation_name",)


class SiteExists(Refusal):
    """The organisation already has a site of this name."""

    code = "SITE_EXISTS"
    status = 409
    title = "站点名称已存在"
    title_en = "Site exists"
    detail = "该组织已有同名站点，请换一个名称。"
    detail_en = "The organisation already has a site of this name."
    constraints = ("uq_site_organisation_id_name",)


class MemberAlready(Refusal):
    """Somebody belongs to the organisation, or has asked to."""

    code = "MEMBER_ALREADY"
    status = 409
    title = "已是成员或已申请"
    title_en = "Member already"
    detail = "您已是该组织的成员，或申请正在等候确认。"
    detail_en = "You belong to this organisation already, or your request is waiting."
    constraints = ("uq_organisation_member_open",)


class MemberEnded(Refusal):
    """A membership that is over."""

    code = "MEMBER_ENDED"
    status = 409
    title = "已经结束"
    title_en = "Membership ended"
    detail = "这项成员关系（或申请）已经结束，请本人重新申请。"
    detail_en = "This membership, or request, is over. The person may ask anew."


class NotAMember(Refusal):
    """Whoever serves for a group must belong to it."""

    code = "NOT_A_MEMBER"
    status = 409
    title = "不是该组织的成员"
    title_en = "Not a member"
    detail = "请先申请加入该组织，由其工作人员确认。"
    detail_en = "Ask to join this organisation first; its staff admit you."
