async def test_it_runs(world, client, world_kit):
    world.serve(world_kit.order("A"), world_kit.order("B", status=world_kit.OrderStatus.UNPAID))
    await world.fetch()
    await world.until("A", "pushed")
    s = await client.status()
    print(s)
    print(await client.explain("A"))
    print(await client.explain("B"))
    print(await client.order("oms","A"))
