"""Invented Chinese companies as a register would list them: names, valid credit codes, addresses, telephones, people.

Everything is made from a seed. Telephones use numbers of two blocks that read as invented (5550-5559 in land lines,
199 0000 and 199 0001 in mobiles), web addresses end in example.com.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import NamedTuple

_CODE = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


class Place(NamedTuple):
    """A city with its administrative division code, telephone area code and postcode."""

    short: str
    province: str
    city: str
    division: str
    area: str
    postcode: str
    districts: tuple[str, ...]


PLACES = (
    Place("上海", "上海市", "上海市", "310115", "021", "200120", ("浦东新区", "闵行区", "嘉定区", "松江区")),
    Place("北京", "北京市", "北京市", "110108", "010", "100080", ("海淀区", "朝阳区", "大兴区", "昌平区")),
    Place("深圳", "广东省", "深圳市", "440305", "0755", "518057", ("南山区", "宝安区", "龙岗区", "福田区")),
    Place("广州", "广东省", "广州市", "440106", "020", "510630", ("天河区", "番禺区", "黄埔区", "白云区")),
    Place("苏州", "江苏省", "苏州市", "320594", "0512", "215021", ("工业园区", "虎丘区", "吴中区", "相城区")),
    Place("南京", "江苏省", "南京市", "320115", "025", "211100", ("江宁区", "浦口区", "栖霞区", "雨花台区")),
    Place("杭州", "浙江省", "杭州市", "330108", "0571", "310051", ("滨江区", "余杭区", "萧山区", "临平区")),
    Place("宁波", "浙江省", "宁波市", "330206", "0574", "315800", ("北仑区", "鄞州区", "镇海区", "慈溪市")),
    Place("青岛", "山东省", "青岛市", "370211", "0532", "266500", ("黄岛区", "城阳区", "崂山区", "即墨区")),
    Place("济南", "山东省", "济南市", "370112", "0531", "250100", ("历城区", "高新区", "章丘区", "槐荫区")),
    Place("武汉", "湖北省", "武汉市", "420111", "027", "430070", ("洪山区", "江夏区", "东西湖区", "蔡甸区")),
    Place("长沙", "湖南省", "长沙市", "430104", "0731", "410205", ("岳麓区", "雨花区", "望城区", "长沙县")),
    Place("成都", "四川省", "成都市", "510107", "028", "610041", ("武侯区", "龙泉驿区", "新都区", "双流区")),
    Place("重庆", "重庆市", "重庆市", "500112", "023", "401120", ("渝北区", "两江新区", "巴南区", "北碚区")),
    Place("西安", "陕西省", "西安市", "610113", "029", "710065", ("雁塔区", "未央区", "长安区", "灞桥区")),
    Place("郑州", "河南省", "郑州市", "410105", "0371", "450003", ("金水区", "中原区", "二七区", "惠济区")),
    Place("合肥", "安徽省", "合肥市", "340104", "0551", "230031", ("蜀山区", "包河区", "瑶海区", "肥西县")),
    Place("厦门", "福建省", "厦门市", "350211", "0592", "361021", ("集美区", "海沧区", "同安区", "翔安区")),
    Place("天津", "天津市", "天津市", "120116", "022", "300450", ("滨海新区", "西青区", "武清区", "北辰区")),
    Place("沈阳", "辽宁省", "沈阳市", "210112", "024", "110168", ("浑南区", "铁西区", "沈北新区", "于洪区")),
)
_FIRST = "恒瑞华宏嘉锦鼎盛博远鸿泰昌荣亿凯群汇永润启德金宇海森正安立信东方北辰卓越维创腾骏雅诚合众联丰"
_SECOND = "达通源兴创拓迪峰岳川泽翔旺捷益盈科朗晟铭祥隆域奥宝德尔康顺利发元亨坤辉星光宁图锐沃联驰邦特"
_LATIN = ("Norix", "Keltro", "Lumeno", "Vastec", "Orbiko", "Tremsa", "Zelvan", "Quorin", "Bexal", "Fidora")
TRADES = (
    ("机械设备", "机械制造"),
    ("精密机械", "机械制造"),
    ("自动化设备", "机械制造"),
    ("电子科技", "电子"),
    ("半导体材料", "电子"),
    ("电气", "电气设备"),
    ("新能源科技", "新能源"),
    ("环保工程", "环保"),
    ("建筑材料", "建材"),
    ("钢结构", "建材"),
    ("化工", "化工"),
    ("生物医药", "医药"),
    ("医疗器械", "医药"),
    ("食品", "食品"),
    ("包装制品", "包装"),
    ("纺织", "纺织"),
    ("汽车零部件", "汽车"),
    ("物流", "物流"),
    ("进出口贸易", "贸易"),
    ("信息技术", "软件"),
    ("软件", "软件"),
    ("仪器仪表", "仪表"),
    ("塑胶制品", "塑胶"),
    ("五金制品", "五金"),
)
_FORMS = ("有限公司", "有限公司", "有限公司", "有限公司", "股份有限公司", "有限责任公司")
_LONG = "现代高端装备制造与新材料应用技术开发推广服务"
_STREETS = (
    "科技路",
    "工业大道",
    "创新路",
    "人民路",
    "建设路",
    "长江路",
    "金桥路",
    "高新大道",
    "振兴路",
    "迎宾大道",
    "新华街",
)
_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡林郭何高罗郑梁谢宋唐许邓冯韩曹曾彭萧蔡潘田董袁于余叶蒋杜苏魏程吕丁沈任姚卢"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰建国志海文婷雪梅宇浩然子轩思琪晨曦佳怡"


@dataclass(frozen=True)
class Company:
    """One company as it truly is. `phone` is digits only, with area code; `parent` the number of the head office."""

    number: int
    name: str
    short: str
    former: str
    credit_code: str
    place: Place
    district: str
    street: str
    phone: str
    contact: str
    industry: str
    parent: int | None = None

    @property
    def domain(self) -> str:
        """Its invented web domain."""
        return f"k{self.number:05d}.example.com"


def organisation_code(eight: str) -> str:
    """Eight characters and their check character (GB 11714-1997)."""
    values = ("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ".index(c) for c in eight)
    check = 11 - sum(v * w for v, w in zip(values, _ORGANISATION_WEIGHTS, strict=True)) % 11
    return eight + {10: "X", 11: "0"}.get(check, str(check))


def check_character(seventeen: str) -> str:
    """The last character of a unified social credit code (GB 32100-2015): weights 3^i mod 31."""
    total = sum(_CODE.index(c) * pow(3, i, 31) for i, c in enumerate(seventeen))
    return _CODE[(31 - total % 31) % 31]


def credit_code(division: str, eight: str) -> str:
    """A valid 18-character code of an enterprise (91) registered in that division."""
    body = "91" + division + organisation_code(eight)
    return body + check_character(body)


def is_valid(code: str) -> bool:
    """Whether both check characters of a credit code hold."""
    if len(code) != 18 or any(c not in _CODE for c in code):
        return False
    return organisation_code(code[8:16]) == code[8:17] and check_character(code[:17]) == code[17]


def person(random: Random) -> str:
    """A Chinese name of two or three characters."""
    return random.choice(_SURNAMES) + "".join(random.choices(_GIVEN, k=random.choice((1, 2, 2))))


def telephone(random: Random, place: Place) -> str:
    """Digits of a mobile, or of a land line with area code; both of blocks that read as invented."""
    if random.random() < 0.45:
        return (
            f"1990000{random.randrange(10_000):04d}"
            if random.random() < 0.5
            else f"1990001{random.randrange(10_000):04d}"
        )
    return f"{place.area}555{random.randrange(10)}{random.randrange(10_000):04d}"


class Register:
    """Makes companies whose names and codes differ from each other."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.companies: list[Company] = []
        self._names: set[str] = set()
        self._codes: set[str] = set()

    def new(self) -> Company:
        """A company with a name of its own."""
        random = self.random
        while True:
            place, (trade, industry) = random.choice(PLACES), random.choice(TRADES)
            brand, name = self._name(place, trade)
            if name not in self._names:
                break
        former = f"{place.short}{brand}{random.choice(TRADES)[0]}有限公司" if random.random() < 0.12 else ""
        return self._add(name, brand + trade, "" if former == name else former, place, industry, None)

    def branch(self, parent: Company) -> Company:
        """A branch office: a register entry and code of its own under the name of its head office."""
        place = self.random.choice([p for p in PLACES if p is not parent.place])
        name = f"{parent.name}{place.short}分公司"
        return self._add(name, parent.short, "", place, parent.industry, parent.number)

    def twin(self, other: Company) -> Company:
        """Another company of the very same name, with a code of its own elsewhere."""
        place = self.random.choice([p for p in PLACES if p is not other.place])
        return self._add(other.name, other.short, "", place, other.industry, None)

    def _name(self, place: Place, trade: str) -> tuple[str, str]:
        random = self.random
        if random.random() < 0.06:
            brand = random.choice(_LATIN) + random.choice(("", "", "-Tech", " Systems")) + random.choice(_SECOND)
        else:
            brand = (
                random.choice(_FIRST)
                + random.choice(_SECOND)
                + (random.choice(_SECOND) if random.random() < 0.3 else "")
            )
        form, style = random.choice(_FORMS), random.random()
        if style < 0.02:
            return brand, f"{place.province}{place.short}{brand}{_LONG}{trade}(集团){form}"
        if style < 0.12:
            return brand, f"{brand}{trade}({place.short}){form}"
        if style < 0.17:
            return brand, f"{place.short}{brand}{trade}(集团){form}"
        return brand, f"{place.short}{brand}{trade}{form}"

    def _add(self, name: str, short: str, former: str, place: Place, industry: str, parent: int | None) -> Company:
        random = self.random
        while True:
            code = credit_code(place.division, "MA" + "".join(random.choices(_CODE, k=6)))
            if code not in self._codes:
                break
        made = Company(
            len(self.companies) + 1,
            name,
            short,
            former,
            code,
            place,
            random.choice(place.districts),
            f"{random.choice(_STREETS)}{random.randrange(1, 2000)}号",
            telephone(random, place),
            person(random),
            industry,
            parent,
        )
        self._names.add(name)
        self._codes.add(code)
        self.companies.append(made)
        return made
