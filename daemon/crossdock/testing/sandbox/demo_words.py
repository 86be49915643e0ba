"""Words that the demo day is made of: people, places, goods and notes, all invented, Thai and English."""

from __future__ import annotations

from crossdock.spec.orders import LogisticsKind
from crossdock.spec.outbound import Choice

SHOPS = (
    Choice(code="lanna-home", name="Lanna Home (บ้านล้านนา)"),
    Choice(code="siam-snacks", name="Siam Snacks"),
    Choice(code="river-kids", name="River Kids ของเล่นเด็ก"),
    Choice(code="atelier-nord", name="Atelier Nord"),
)
LOGISTICS = (
    Choice(code="Blue Elephant Post", name="Blue Elephant Post", kind=LogisticsKind.STANDARD.value),
    Choice(code="ขนส่งดอกบัว", name="ขนส่งดอกบัว (Lotus Cargo)", kind=LogisticsKind.STANDARD.value),
    Choice(code="TukTuk Now", name="TukTuk Now", kind=LogisticsKind.INSTANT.value),
    Choice(code="ส่งด่วนทันใจ", name="ส่งด่วนทันใจ (Quick Rider)", kind=LogisticsKind.INSTANT.value),
    Choice(code="Same Day City", name="Same Day City", kind=LogisticsKind.SAME_DAY.value),
    Choice(code="Counter Pickup", name="Counter Pickup", kind=LogisticsKind.PICKUP.value),
)
CARRIER_WEIGHTS = (38, 30, 10, 8, 9, 5)

THAI_FIRST = ("กานดา", "ชลิต", "ดารุณี", "ธนภัทร", "นลินี", "ปกรณ์", "พิมพ์ใจ", "มานพ", "รัตนา", "วีระ", "ศศิธร", "อนุชา")
THAI_LAST = ("ทองดี", "ใจงาม", "แสงเดือน", "ศรีนวล", "บุญมา", "วงศ์สวัสดี", "ป่าสัก", "น้ำใส", "ดอนแก้ว", "สุขเกษม")
LATIN_FIRST = ("Ada", "Boonma", "Clara", "Daeng", "Edwin", "Fern", "Greta", "Hugo", "Isla", "Jaturong", "Kit", "Malee")
LATIN_LAST = ("Ashdown", "Brightwater", "Chaiyo", "Dunmore", "Everly", "Fairbrook", "Greenhalgh", "Harrow", "Suksan")
THAI_TITLES = ("", "", "คุณ", "นาย", "นางสาว")

PLACES = (
    ("ต.สุเทพ", "อ.เมืองเชียงใหม่", "เชียงใหม่", "50200"),
    ("ต.ศรีภูมิ", "อ.เมืองเชียงใหม่", "เชียงใหม่", "50200"),
    ("แขวงสีลม", "เขตบางรัก", "กรุงเทพมหานคร", "10500"),
    ("แขวงคลองตัน", "เขตคลองเตย", "กรุงเทพมหานคร", "10110"),
    ("แขวงลาดยาว", "เขตจตุจักร", "กรุงเทพมหานคร", "10900"),
    ("ต.ตลาดใหญ่", "อ.เมืองภูเก็ต", "ภูเก็ต", "83000"),
    ("ต.ในเมือง", "อ.เมืองขอนแก่น", "ขอนแก่น", "40000"),
    ("ต.หาดใหญ่", "อ.หาดใหญ่", "สงขลา", "90110"),
)
STREETS_TH = ("ถ.ดอกปีบ", "ถ.ริมคลอง", "ซ.ต้นสน 4", "ซ.ร่มไม้ 12", "หมู่ 3", "หมู่ 7", "อาคารใบไม้ ชั้น 5")
STREETS_EN = (
    "Orchid Road",
    "Soi Rainbow 9",
    "Moo 4",
    "Riverside Tower, 12th floor",
    "Temple Lane",
    "Old Market Street",
)
ABROAD = (
    ("Mill Lane 4", "Harrowgate-on-Sea", "HG9 9ZZ", "GB"),
    ("Lindenweg 17", "Neustadt am Fluss", "99999", "DE"),
    ("12 Hawker Street", "Singapore", "000001", "SG"),
)

GOODS = {
    "lanna-home": (
        ("LH-1001", "ผ้าห่มทอมือ ลายดอกเอื้อง / Hand-woven blanket", "890.00"),
        ("LH-1002", "โคมกระดาษสา / Mulberry paper lantern", "240.00"),
        ("LH-1003", "ชุดถ้วยชาเซรามิก 6 ใบ / Tea set of six", "1250.00"),
        ("lh-1003", "ถ้วยชาเซรามิก ใบเดียว / Single tea cup", "220.00"),
        ("LH-1004", "หมอนอิงลายช้าง / Elephant cushion", "390.00"),
    ),
    "siam-snacks": (
        ("SS-01", "ทุเรียนทอดกรอบ 200 ก. / Durian chips", "180.00"),
        ("SS-02", "กล้วยตาก 12 ชิ้น / Sun-dried bananas", "95.50"),
        ("SS-03", "น้ำพริกเผา ขวดใหญ่ / Roasted chilli paste", "120.00"),
        ("SS-04", "ชาเขียวมะลิ 50 ซอง / Jasmine green tea", "155.00"),
    ),
    "river-kids": (
        ("RK/เรือ-7", "เรือไม้บังคับ / Wooden toy boat", "459.00"),
        ("RK/BLK-40", "บล็อกไม้ 40 ชิ้น / Wooden blocks", "699.00"),
        ("RK/PUZ-9", "จิ๊กซอว์สัตว์น้ำ / Fish puzzle", "199.00"),
    ),
    "atelier-nord": (
        ("AN 20-S", "Linen apron, small", "1490.00"),
        ("AN 20-L", "Linen apron, large", "1490.00"),
        ("AN 31", "Oak cutting board ไม้โอ๊ค", "1850.00"),
    ),
}
FREE_GIFT = ("GIFT-STICKER", "สติกเกอร์แถมฟรี / Free sticker sheet 🎁")
SERVICES = (("SHIP-FEE", "ค่าจัดส่ง / Shipping"), ("GIFT-CARD-500", "บัตรของขวัญ 500 บาท / Gift card"))

NOTES = (
    "ฝากไว้ที่ป้อมยามได้เลยค่ะ",
    "รบกวนโทรก่อนส่งนะครับ",
    "ห่อของขวัญด้วยค่ะ 🎀 ไม่ต้องใส่ใบเสร็จ",
    "Please leave it with the neighbour at no. 8",
    "No plastic, please. Thank you!",
    "ส่งหลัง 5 โมงเย็น / after 5 pm only",
)
SELLER_NOTES = ("ลูกค้าประจำ", "เช็คสีให้ตรงก่อนแพ็ค", "Fragile: double box")
HOLDS = ("ที่อยู่ไม่ครบ รอลูกค้ายืนยัน / address incomplete", "Payment under review")
