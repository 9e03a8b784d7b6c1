"""Who and what is on the demo street: invented places, people and goods. Nobody here exists."""

from typing import NamedTuple

DISTRICT = "晨光区"
STREETS = {
    "01": ("梧桐街道", ("梧桐里", "学林", "老码头")),
    "02": ("河畔街道", ("河畔", "新桥", "东园")),
}
GRIDS_PER_COMMUNITY = 4


class Body(NamedTuple):
    """An organisation, what it does every week, and when (weekday 0 is Monday; hour in Asia/Shanghai)."""

    slug: str
    name: str
    kind: str
    area: str
    activity: str
    category: str
    content: str
    weekday: int
    hour: int
    length_minutes: int


ORGANISATIONS = (
    Body("hub", "晨光志愿服务联合会", "registered", "0573.01", "公益仓值守", "charity_shop", "整理货架、登记捐赠、接待居民", 5, 9, 180),
    Body("elder", "银龄守护助老队", "registered", "0573.01.001", "独居老人探访", "elder_care", "陪老人聊天、量血压、读报", 1, 14, 120),
    Body("kitchen", "奶奶的厨房", "filed", "0573.01.002", "周三暖心午餐", "elder_care", "洗菜、做饭、给高龄老人送餐", 2, 9, 150),
    Body("green", "河畔环保社", "filed", "0573.02.001", "河道巡护", "environment", "清理河岸垃圾、劝导文明垂钓", 6, 8, 120),
    Body("school", "四点半课堂", "unfiled", "0573.02.002", "课后辅导", "education", "辅导作业、讲故事、下棋", 3, 16, 90),
)  # fmt: skip

SURNAMES = "张李王刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
GIVEN = (
    "秀英", "建国", "桂兰", "志强", "淑珍", "海燕", "文斌", "玉梅", "国庆", "丽华",
    "晓明", "春梅", "永福", "雪芳", "大伟", "金凤", "俊杰", "爱华", "卫东", "婷婷",
)  # fmt: skip
VOLUNTEERS = 40

STAFF = {
    "counter": ("柜台·小周", "hub"),
    "coordinator": ("协调员·沈老师", "hub"),
    "auditor": ("督导·钱科长", None),
    "admin": ("管理员·小范", None),
}
"""Staff by user name: the name shown, and the organisation of the scope (None: the whole bank)."""


class Good(NamedTuple):
    """One thing that the shop offers: the price in minutes, and for how many days a lot keeps (None: it does not spoil)."""

    name: str
    category: str
    unit: str
    price_minutes: int
    keeps_days: int | None


GOODS = (
    Good("大米 5kg", "粮油", "袋", 240, 300),
    Good("挂面 1kg", "粮油", "包", 60, 240),
    Good("菜籽油 1.8L", "粮油", "桶", 300, 360),
    Good("食盐 400g", "粮油", "袋", 15, None),
    Good("酱油 500ml", "粮油", "瓶", 60, 360),
    Good("鸡蛋 10 枚", "鲜食", "盒", 90, 21),
    Good("鲜牛奶 950ml", "鲜食", "盒", 60, 7),
    Good("苹果 1kg", "鲜食", "袋", 60, 14),
    Good("面包", "鲜食", "个", 0, 1),
    Good("馒头 5 个", "鲜食", "袋", 20, 2),
    Good("洗衣液 2kg", "洗护", "瓶", 150, None),
    Good("洗洁精 1kg", "洗护", "瓶", 60, None),
    Good("香皂", "洗护", "块", 30, None),
    Good("牙膏", "洗护", "支", 45, None),
    Good("牙刷", "洗护", "支", 20, None),
    Good("洗发水 500ml", "洗护", "瓶", 120, None),
    Good("毛巾", "洗护", "条", 60, None),
    Good("抽纸 6 包", "日用", "提", 90, None),
    Good("卷纸 10 卷", "日用", "提", 90, None),
    Good("垃圾袋 100 只", "日用", "卷", 45, None),
    Good("保鲜膜", "日用", "卷", 30, None),
    Good("节能灯泡", "日用", "只", 45, None),
    Good("五号电池 4 节", "日用", "板", 45, None),
    Good("保温杯", "日用", "个", 360, None),
    Good("雨伞", "日用", "把", 180, None),
    Good("棉袜 2 双", "衣物", "包", 60, None),
    Good("保暖手套", "衣物", "双", 90, None),
    Good("围巾", "衣物", "条", 150, None),
    Good("作业本 10 本", "文具", "包", 45, None),
    Good("中性笔 10 支", "文具", "盒", 45, None),
)
