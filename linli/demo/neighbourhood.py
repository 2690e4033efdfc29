"""The demo neighbourhood: a few streets of Hangzhou with shops that do not exist."""

from __future__ import annotations

from dataclasses import dataclass

PASSWORD = "linli-demo-2026"
ZONE_NAME = "城西示范区"
AREA = {"south": 30.22, "west": 120.09, "north": 30.32, "east": 120.21}
COUPON = "WELCOME"


@dataclass(frozen=True, kw_only=True)
class Account:
    who: str
    role: str
    email: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Shop:
    name: str
    category: str
    lat: float
    lon: float
    preparation_minutes: int
    listings: tuple[tuple[str, str, int, int], ...]
    """Name, unit, price in fen, stock."""


ACCOUNTS = (
    Account(who="customer", role="customer", email="customer@demo.linli", name="王小满"),
    Account(who="merchant (all six shops)", role="merchant", email="merchant@demo.linli", name="陈记商行"),
    Account(who="courier", role="courier", email="courier@demo.linli", name="李师傅"),
    Account(who="second courier", role="courier", email="courier2@demo.linli", name="周师傅"),
)
STAFF = (
    Account(who="operator", role="operator", email="operator@demo.linli", name="平台运营"),
    Account(who="analyst", role="analyst", email="analyst@demo.linli", name="数据分析"),
)
START = {"courier@demo.linli": (30.2741, 120.1512), "courier2@demo.linli": (30.2688, 120.1467)}

SHOPS = (
    Shop(
        name="陈记小笼包",
        category="restaurant",
        lat=30.2746,
        lon=120.1551,
        preparation_minutes=12,
        listings=(
            ("鲜肉小笼包", "笼", 1600, 200),
            ("蟹粉小笼包", "笼", 3200, 80),
            ("虾仁蒸饺", "笼", 2200, 120),
            ("葱油拌面", "碗", 1400, 200),
            ("片儿川", "碗", 1800, 200),
            ("小馄饨", "碗", 1200, 200),
            ("咸豆浆", "碗", 500, 200),
            ("酒酿圆子", "碗", 900, 150),
        ),
    ),
    Shop(
        name="绿荫菜市",
        category="grocery",
        lat=30.2713,
        lon=120.1489,
        preparation_minutes=10,
        listings=(
            ("小青菜", "500克", 450, 300),
            ("本地番茄", "500克", 680, 300),
            ("五花肉", "500克", 2380, 100),
            ("活鲫鱼", "条", 1580, 60),
            ("土鸡蛋", "10枚", 1690, 150),
            ("嫩豆腐", "盒", 350, 200),
            ("香菇", "250克", 790, 150),
            ("生姜", "200克", 380, 200),
        ),
    ),
    Shop(
        name="西溪鲜果",
        category="fruit",
        lat=30.2769,
        lon=120.1473,
        preparation_minutes=8,
        listings=(
            ("塘栖枇杷", "500克", 2880, 80),
            ("阳光玫瑰", "串", 3280, 60),
            ("麒麟西瓜", "半个", 2480, 60),
            ("丹东草莓", "盒", 3980, 50),
            ("冰糖橙", "1千克", 1580, 120),
            ("红富士苹果", "1千克", 1380, 150),
            ("香蕉", "1千克", 880, 150),
            ("鲜切果盘", "盒", 1880, 60),
        ),
    ),
    Shop(
        name="知味糕团",
        category="bakery",
        lat=30.2702,
        lon=120.1563,
        preparation_minutes=6,
        listings=(
            ("定胜糕", "4只", 1200, 120),
            ("青团", "4只", 1600, 120),
            ("桂花糕", "盒", 1500, 100),
            ("条头糕", "2条", 1000, 100),
            ("吐司面包", "袋", 1480, 80),
            ("老婆饼", "4只", 1400, 100),
            ("蛋挞", "4只", 1800, 80),
            ("绿豆糕", "盒", 1680, 80),
        ),
    ),
    Shop(
        name="龙井茶铺",
        category="tea",
        lat=30.2678,
        lon=120.1507,
        preparation_minutes=8,
        listings=(
            ("桂花乌龙奶茶", "杯", 1600, 300),
            ("龙井茉莉", "杯", 1400, 300),
            ("手打柠檬茶", "杯", 1500, 300),
            ("杨枝甘露", "杯", 1900, 200),
            ("芋泥啵啵", "杯", 1800, 200),
            ("冷泡龙井", "瓶", 1200, 200),
            ("明前龙井", "50克", 9800, 20),
            ("九曲红梅", "50克", 5800, 20),
        ),
    ),
    Shop(
        name="平安药房",
        category="pharmacy",
        lat=30.2731,
        lon=120.1538,
        preparation_minutes=5,
        listings=(
            ("创可贴", "盒", 990, 200),
            ("医用口罩", "50只", 1990, 200),
            ("电子体温计", "支", 2900, 60),
            ("碘伏棉签", "盒", 1280, 120),
            ("维生素C", "瓶", 2580, 100),
            ("润喉糖", "盒", 1580, 150),
            ("暖宝宝", "10片", 1990, 150),
            ("棉柔巾", "包", 1290, 150),
        ),
    ),
)
