"""The sets of partners and products with their properties, as S/4HANA names them (how to read a line: `entities`)."""

PARTNER = """
set A_BusinessPartner etag=ETag
  BusinessPartner 10 key alpha
  Customer 10 ro alpha
  Supplier 10 ro alpha
  BusinessPartnerCategory 1 once
  BusinessPartnerFullName 81 ro
  BusinessPartnerName 81 ro
  BusinessPartnerGrouping 4 once
  BusinessPartnerType 4
  BusinessPartnerUUID guid ro
  OrganizationBPName1 40
  OrganizationBPName2 40
  OrganizationBPName3 40
  OrganizationBPName4 40
  FirstName 40
  LastName 40
  SearchTerm1 20 up
  SearchTerm2 20 up
  Industry 10
  LegalForm 2
  Language 2
  CorrespondenceLanguage 2
  BusinessPartnerIDByExtSystem 20
  BusinessPartnerIsBlocked bool
  IsMarkedForArchiving bool
  CreatedByUser 12 ro
  CreationDate date ro
  CreationTime time ro
  LastChangedByUser 12 ro
  LastChangeDate date ro
  LastChangeTime time ro
  ETag 26 ro
  to_BusinessPartnerAddress -> A_BusinessPartnerAddress
  to_BusinessPartnerRole -> A_BusinessPartnerRole
  to_BusinessPartnerTax -> A_BusinessPartnerTaxNumber
  to_BusinessPartnerBank -> A_BusinessPartnerBank
  to_BuPaIdentification -> A_BuPaIdentification
  to_BuPaIndustry -> A_BuPaIndustry
  to_BusinessPartnerContact -> A_BusinessPartnerContact
  to_Customer -> A_Customer one
set A_BusinessPartnerAddress deletable
  BusinessPartner 10 key alpha
  AddressID 10 key alpha
  ValidityStartDate stamp
  ValidityEndDate stamp
  AddressTimeZone 6
  Country 3
  Region 3
  CityName 40
  District 40
  PostalCode 10
  StreetName 60
  HouseNumber 10
  StreetPrefixName 40
  StreetSuffixName 40
  Language 2
  to_EmailAddress -> A_AddressEmailAddress
  to_PhoneNumber -> A_AddressPhoneNumber
  to_MobilePhoneNumber -> A_AddressMobilePhoneNumber
  to_AddressUsage -> A_BuPaAddressUsage
set A_AddressEmailAddress deletable
  AddressID 10 key alpha
  Person 10 key
  OrdinalNumber 3 key
  IsDefaultEmailAddress bool
  EmailAddress 241
set A_AddressPhoneNumber deletable
  AddressID 10 key alpha
  Person 10 key
  OrdinalNumber 3 key
  DestinationLocationCountry 3
  IsDefaultPhoneNumber bool
  PhoneNumber 30
  PhoneNumberExtension 10
  InternationalPhoneNumber 30 ro
  PhoneNumberType 1
set A_AddressMobilePhoneNumber deletable
  AddressID 10 key alpha
  Person 10 key
  OrdinalNumber 3 key
  DestinationLocationCountry 3
  IsDefaultPhoneNumber bool
  PhoneNumber 30
  InternationalPhoneNumber 30 ro
  PhoneNumberType 1
set A_BuPaAddressUsage deletable
  BusinessPartner 10 key alpha
  AddressID 10 key alpha
  AddressUsage 10 key
  StandardUsage bool
set A_BusinessPartnerRole deletable
  BusinessPartner 10 key alpha
  BusinessPartnerRole 6 key
  ValidFrom stamp
  ValidTo stamp
set A_BusinessPartnerTaxNumber deletable
  BusinessPartner 10 key alpha
  BPTaxType 4 key
  BPTaxNumber 20
  BPTaxLongNumber 60
set A_BusinessPartnerBank deletable
  BusinessPartner 10 key alpha
  BankIdentification 4 key
  BankCountryKey 3
  BankNumber 15
  BankAccount 18
  BankAccountHolderName 60
set A_BuPaIdentification deletable
  BusinessPartner 10 key alpha
  BPIdentificationType 6 key
  BPIdentificationNumber 60 key
  BPIdnNmbrIssuingInstitute 40
set A_BuPaIndustry deletable
  IndustrySector 10 key
  IndustrySystemType 4 key
  BusinessPartner 10 key alpha
  IsStandardIndustry 1
set A_BusinessPartnerContact deletable
  RelationshipNumber 12 key alpha
  BusinessPartnerCompany 10 key alpha
  BusinessPartnerPerson 10 key alpha
  ValidityEndDate date key
  IsStandardRelationship bool
  RelationshipCategory 6 ro
set A_Customer nocreate
  Customer 10 key alpha
  CustomerName 80 ro
  CustomerFullName 220 ro
  CustomerAccountGroup 4 once
  OrderIsBlockedForCustomer 2
  DeliveryIsBlocked 2
  BillingIsBlockedForCustomer 2
  PostingIsBlocked bool
  DeletionIndicator bool
  CreationDate date ro
  to_CustomerSalesArea -> A_CustomerSalesArea
  to_CustomerCompany -> A_CustomerCompany
set A_CustomerSalesArea
  Customer 10 key alpha
  SalesOrganization 4 key
  DistributionChannel 2 key
  Division 2 key
  Currency 5
  CustomerPaymentTerms 4
  CustomerGroup 2
  CustomerPriceGroup 2
  PriceListType 2
  SalesOffice 4
  SalesGroup 3
  ShippingCondition 2
  SupplyingPlant 4
  IncotermsClassification 3
set A_CustomerCompany
  Customer 10 key alpha
  CompanyCode 4 key
  PaymentTerms 4
  ReconciliationAccount 10
"""

PRODUCT = """
set A_Product etag=LastChangeDateTime
  Product 40 key up
  ProductType 4 once
  CrossPlantStatus 2
  CreationDate date ro
  CreatedByUser 12 ro
  LastChangeDate date ro
  LastChangedByUser 12 ro
  IsMarkedForDeletion bool
  ProductOldID 40
  GrossWeight 13.3 unit=WeightUnit
  NetWeight 13.3 unit=WeightUnit
  WeightUnit 3
  ProductGroup 9 up
  BaseUnit 3 once
  ProductHierarchy 18
  Division 2
  ProductStandardID 18
  SizeOrDimensionText 32
  LastChangeDateTime stamp ro
  to_Description -> A_ProductDescription
  to_Plant -> A_ProductPlant
  to_SalesDelivery -> A_ProductSalesDelivery
  to_ProductUnitsOfMeasure -> A_ProductUnitsOfMeasure
set A_ProductDescription deletable
  Product 40 key up
  Language 2 key
  ProductDescription 40
set A_ProductPlant
  Product 40 key up
  Plant 4 key
  AvailabilityCheckType 2
  ProfitCenter 10
set A_ProductSalesDelivery
  Product 40 key up
  ProductSalesOrg 4 key
  ProductDistributionChnl 2 key
  MinimumOrderQuantity 13.3 unit=BaseUnit
  ItemCategoryGroup 4
  BaseUnit 3 ro
set A_ProductUnitsOfMeasure
  Product 40 key up
  AlternativeUnit 3 key
  QuantityNumerator 5.0
  QuantityDenominator 5.0
  BaseUnit 3 ro
"""
