"""The sets of orders, deliveries and invoices with their properties, as S/4HANA names them."""

ORDER = """
set A_SalesOrder etag=LastChangeDateTime deletable
  SalesOrder 10 key alpha
  SalesOrderType 4 once
  SalesOrganization 4 once
  DistributionChannel 2 once
  OrganizationDivision 2 once
  SalesGroup 3
  SalesOffice 4
  SoldToParty 10 once alpha
  CreationDate date ro
  CreatedByUser 12 ro
  LastChangeDate date ro
  LastChangeDateTime stamp ro
  PurchaseOrderByCustomer 35
  CustomerPurchaseOrderType 4
  CustomerPurchaseOrderDate date
  SalesOrderDate date
  TotalNetAmount 16.3 ro unit=TransactionCurrency
  TransactionCurrency 5
  SDDocumentReason 3
  PricingDate date
  RequestedDeliveryDate date
  ShippingCondition 2
  HeaderBillingBlockReason 2
  DeliveryBlockReason 2
  CustomerPaymentTerms 4
  PaymentMethod 1
  ReferenceSDDocument 10 once alpha
  SalesDocApprovalStatus 1 ro
  OverallSDProcessStatus 1 ro
  OverallTotalDeliveryStatus 1 ro
  OverallDeliveryStatus 1 ro
  OverallOrdReltdBillgStatus 1 ro
  TotalCreditCheckStatus 1 ro
  OverallSDDocumentRejectionSts 1 ro
  to_Item -> A_SalesOrderItem
  to_Partner -> A_SalesOrderHeaderPartner
  to_PricingElement -> A_SalesOrderHeaderPrElement
  to_Text -> A_SalesOrderText
  to_SubsequentProcFlowDoc ~> A_SalesOrderSubsqntProcFlow SalesOrder=SalesOrder
set A_SalesOrderItem deletable
  SalesOrder 10 key alpha
  SalesOrderItem 6 key alpha
  HigherLevelItem 6 alpha once
  SalesOrderItemCategory 4
  SalesOrderItemText 40
  PurchaseOrderByCustomer 35
  Material 40 up once
  MaterialByCustomer 35
  RequestedQuantity 15.3 unit=RequestedQuantityUnit
  RequestedQuantityUnit 3
  RequestedQuantitySAPUnit 3 ro
  RequestedQuantityISOUnit 3 ro
  NetAmount 16.3 ro unit=TransactionCurrency
  TransactionCurrency 5 ro
  MaterialGroup 9 ro
  ProductionPlant 4
  StorageLocation 4
  ItemBillingBlockReason 2
  SalesDocumentRjcnReason 2
  DeliveryStatus 1 ro
  SDProcessStatus 1 ro
  OrderRelatedBillingStatus 1 ro
  SDDocumentRejectionStatus 1 ro
  ReferenceSDDocument 10 once alpha
  ReferenceSDDocumentItem 6 once alpha
  to_ScheduleLine -> A_SalesOrderScheduleLine
  to_PricingElement -> A_SalesOrderItemPrElement
  to_Text -> A_SalesOrderItemText
set A_SalesOrderScheduleLine nocreate noupdate
  SalesOrder 10 key alpha
  SalesOrderItem 6 key alpha
  ScheduleLine 4 key alpha
  RequestedDeliveryDate date
  ConfirmedDeliveryDate date ro
  OrderQuantityUnit 3 ro
  ScheduleLineOrderQuantity 13.3 unit=OrderQuantityUnit
  ConfdOrderQtyByMatlAvailCheck 13.3 ro unit=OrderQuantityUnit
set A_SalesOrderItemPrElement deletable
  SalesOrder 10 key alpha
  SalesOrderItem 6 key alpha
  PricingProcedureStep 3 key
  PricingProcedureCounter 3 key
  ConditionType 4
  ConditionRateValue 24.9
  ConditionCurrency 5
  ConditionQuantity 5.0
  ConditionQuantityUnit 3
  ConditionAmount 16.3 ro
set A_SalesOrderItemText deletable
  SalesOrder 10 key alpha
  SalesOrderItem 6 key alpha
  Language 2 key
  LongTextID 4 key
  LongText 0
set A_SalesOrderHeaderPartner deletable
  SalesOrder 10 key alpha
  PartnerFunction 2 key
  Customer 10 alpha
  Supplier 10 alpha
set A_SalesOrderHeaderPrElement deletable
  SalesOrder 10 key alpha
  PricingProcedureStep 3 key
  PricingProcedureCounter 3 key
  ConditionType 4
  ConditionRateValue 24.9
  ConditionCurrency 5
set A_SalesOrderText deletable
  SalesOrder 10 key alpha
  Language 2 key
  LongTextID 4 key
  LongText 0
set A_SalesOrderSubsqntProcFlow readonly
  SalesOrder 10 key alpha
  DocRelationshipUUID guid key
  SubsequentDocument 10 alpha
  SubsequentDocumentCategory 4
  ProcessFlowLevel 2
"""

DELIVERY = """
set A_OutbDeliveryHeader etag=DeliveryVersion deletable
  DeliveryDocument 10 key alpha
  DeliveryDocumentType 4 once
  DeliveryVersion 16 ro
  DeliveryDate date
  DocumentDate date
  CreationDate date ro
  CreationTime time ro
  CreatedByUser 12 ro
  LastChangeDate date ro
  ActualGoodsMovementDate date ro
  ActualGoodsMovementTime time ro
  PlannedGoodsIssueDate date
  ShipToParty 10 ro alpha
  SoldToParty 10 ro alpha
  SalesOrganization 4 ro
  ShippingPoint 4 once
  BillOfLading 35
  MeansOfTransport 20
  HeaderGrossWeight 15.3 ro unit=HeaderWeightUnit
  HeaderWeightUnit 3 ro
  TransactionCurrency 5 ro
  OverallGoodsMovementStatus 1 ro
  OverallPickingStatus 1 ro
  OverallDelivReltdBillgStatus 1 ro
  OverallProofOfDeliveryStatus 1 ro
  OverallSDProcessStatus 1 ro
  to_DeliveryDocumentItem -> A_OutbDeliveryItem
  to_DeliveryDocumentPartner -> A_OutbDeliveryPartner
set A_OutbDeliveryItem nocreate
  DeliveryDocument 10 key alpha
  DeliveryDocumentItem 6 key alpha
  Material 40 ro
  DeliveryDocumentItemText 40 ro
  ActualDeliveryQuantity 13.3 unit=DeliveryQuantityUnit
  DeliveryQuantityUnit 3
  Batch 10 up
  Plant 4 ro
  StorageLocation 4
  PickingStatus 1 ro
  GoodsMovementStatus 1 ro
  ReferenceSDDocument 10 once alpha
  ReferenceSDDocumentItem 6 once alpha
  ReferenceSDDocumentCategory 4 ro
  to_DocumentFlow ~> A_OutbDeliveryDocFlow Deliverydocument=DeliveryDocument
set A_OutbDeliveryPartner readonly
  SDDocument 10 key alpha
  PartnerFunction 2 key
  Customer 10 alpha
set A_OutbDeliveryDocFlow readonly
  PrecedingDocument 10 key alpha
  PrecedingDocumentItem 6 key alpha
  SubsequentDocumentCategory 4 key
  Subsequentdocument 10 alpha
  SubsequentDocumentItem 6 alpha
  Deliverydocument 10 alpha
"""

BILLING = """
set A_BillingDocument etag=LastChangeDateTime readonly
  BillingDocument 10 key alpha
  SDDocumentCategory 4
  BillingDocumentCategory 1
  BillingDocumentType 4
  CreatedByUser 12
  CreationDate date
  LastChangeDate date
  LastChangeDateTime stamp
  SalesOrganization 4
  DistributionChannel 2
  Division 2
  BillingDocumentDate date
  BillingDocumentIsCancelled bool
  CancelledBillingDocument 10 alpha
  TotalNetAmount 16.3 unit=TransactionCurrency
  TaxAmount 16.3 unit=TransactionCurrency
  TotalGrossAmount 16.3 unit=TransactionCurrency
  TransactionCurrency 5
  CustomerPaymentTerms 4
  CompanyCode 4
  FiscalYear 4
  AccountingDocument 10
  AccountingPostingStatus 1
  SoldToParty 10 alpha
  PayerParty 10 alpha
  PurchaseOrderByCustomer 35
  PaymentReference 30
  DocumentReferenceID 16
  OverallBillingStatus 1
  OverallSDProcessStatus 1
  InvoiceClearingStatus 1
  to_Item -> A_BillingDocumentItem
  to_Partner -> A_BillingDocumentPartner
set A_BillingDocumentItem readonly
  BillingDocument 10 key alpha
  BillingDocumentItem 6 key alpha
  Material 40
  BillingDocumentItemText 40
  BillingQuantity 13.3 unit=BillingQuantityUnit
  BillingQuantityUnit 3
  NetAmount 16.3 unit=TransactionCurrency
  TaxAmount 16.3 unit=TransactionCurrency
  GrossAmount 16.3 unit=TransactionCurrency
  TransactionCurrency 5
  SalesDocument 10 alpha
  SalesDocumentItem 6 alpha
  ReferenceSDDocument 10 alpha
  ReferenceSDDocumentItem 6 alpha
set A_BillingDocumentPartner readonly
  BillingDocument 10 key alpha
  PartnerFunction 2 key
  Customer 10 alpha
"""
